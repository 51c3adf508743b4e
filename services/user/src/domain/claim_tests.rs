use super::{Claim, ClaimCommand, Claimed, Contact, Released};
use interstate_eventing::fixture::given;
use interstate_schemas::{Actor, Address, StepOutcome, StepRef, StepReply, UserId};

fn person(name: &str) -> UserId {
    UserId::derive(1, &[name.as_bytes()])
}

fn claim(name: &str) -> ClaimCommand {
    ClaimCommand::Claim {
        user: person(name),
        contact: Contact::Email,
    }
}

fn release(name: &str) -> ClaimCommand {
    ClaimCommand::Release { user: person(name) }
}

#[test]
fn a_contact_belongs_to_one_person_at_a_time() {
    let asha = Claimed {
        user: person("asha"),
        contact: Contact::Email,
    };
    given::<Claim>("hash")
        .when(Actor::System, claim("asha"))
        .then([asha.into()])
        .when(Actor::System, claim("asha"))
        .then_nothing()
        .when(Actor::System, claim("ravi"))
        .then_rejected("user-email-taken")
        .when(Actor::System, release("asha"))
        .then_types(&["user.contact_released.v1"])
        .when(Actor::System, claim("ravi"))
        .then_types(&["user.contact_claimed.v1"]);
}

#[test]
fn a_release_that_overtakes_its_claim_leaves_a_mark() {
    let released = Released { user: person("asha") };
    given::<Claim>("hash")
        .when(Actor::System, release("asha"))
        .then([released.into()])
        .when(Actor::System, claim("asha"))
        .then_rejected("user-registration-failed")
        .when(Actor::System, claim("ravi"))
        .then_types(&["user.contact_claimed.v1"])
        .when(Actor::System, release("asha"))
        .then_nothing()
        .when(Actor::System, claim("meera"))
        .then_rejected("user-email-taken");
}

#[test]
fn a_step_of_a_registration_is_answered() {
    let to = Address {
        service: "user".into(),
        aggregate: "user".into(),
        id: person("asha").to_string(),
    };
    let step = StepRef {
        to: to.clone(),
        step: "claim".into(),
        run: 1,
    };
    let told = given::<Claim>("hash")
        .for_step(step)
        .when(Actor::System, claim("asha"));
    let [answer] = told.messages() else {
        panic!("one answer: {:?}", told.messages())
    };
    assert_eq!(answer.to, to);
    let command: super::UserCommand = serde_json::from_slice(&answer.payload).unwrap();
    let reply = StepReply {
        step: "claim".into(),
        run: 1,
        outcome: StepOutcome::Done(()),
    };
    assert_eq!(command, super::UserCommand::Step(reply));
}
