use super::{Credential, Profile, Registration, STEPS, Status, User, UserCommand};
use interstate_eventing::{
    fixture::{Story, Told, given},
    sealed::{KeyRing, MemoryKeyRing},
};
use interstate_schemas::{Actor, DriverMessage, Role, SessionId, StepOutcome, StepReply, UserId};
use std::sync::Arc;

fn asha() -> UserId {
    UserId::derive(1, &[b"asha"])
}

fn as_role(role: Role) -> Actor {
    Actor::User { id: asha(), role }
}

fn admin() -> Actor {
    Actor::User {
        id: UserId::derive(1, &[b"admin"]),
        role: Role::Admin,
    }
}

fn registration(role: Role) -> Registration {
    let keys: Arc<dyn KeyRing> = Arc::new(MemoryKeyRing::default());
    let profile = Profile {
        name: "Asha Rao".to_owned(),
        email: "asha@example.com".parse().unwrap(),
        phone: "+919876543210".parse().unwrap(),
    };
    let credential = Credential {
        hash: "$argon2id$…".to_owned(),
    };
    Registration {
        request: "request".to_owned(),
        email_key: "e-mail hash".to_owned(),
        phone_key: "phone hash".to_owned(),
        role,
        profile: keys.seal(asha(), &profile).unwrap(),
        credential: keys.seal(asha(), &credential).unwrap(),
    }
}

fn answer(step: usize, outcome: StepOutcome<()>) -> UserCommand {
    UserCommand::Step(StepReply {
        step: STEPS[step].into(),
        run: 1,
        outcome,
    })
}

fn registering() -> Story<User> {
    given::<User>(asha())
        .at("2026-11-21T10:00:00Z")
        .when(
            as_role(Role::Rider),
            UserCommand::Register(registration(Role::Rider)),
        )
        .story()
}

fn signed_up() -> Story<User> {
    registering()
        .when(Actor::System, answer(0, StepOutcome::Done(())))
        .story()
        .when(Actor::System, answer(1, StepOutcome::Done(())))
        .story()
}

#[test]
fn signing_up_claims_both_contacts_one_after_the_other() {
    let told = given::<User>(asha()).when(
        as_role(Role::Rider),
        UserCommand::Register(registration(Role::Rider)),
    );
    assert_eq!(told.messages()[0].to.id, "e-mail hash");
    let told = told.story().when(Actor::System, answer(0, StepOutcome::Done(())));
    assert_eq!(told.messages()[0].to.id, "phone hash");
    let told = told.story().when(Actor::System, answer(1, StepOutcome::Done(())));
    assert_eq!(told.story().state().status(), &Status::Active);
}

#[test]
fn a_taken_telephone_number_gives_the_address_back() {
    let refused = StepOutcome::Refused {
        code: "user-phone-taken".to_owned(),
    };
    let told = registering()
        .when(Actor::System, answer(0, StepOutcome::Done(())))
        .story()
        .when(Actor::System, answer(1, refused));
    assert_eq!(told.messages()[0].to.id, "e-mail hash");
    let story = told
        .story()
        .when(Actor::System, answer(0, StepOutcome::Undone))
        .story();
    assert_eq!(
        story.state().status(),
        &Status::Refused("user-phone-taken".to_owned())
    );
    assert!(story.deadlines().is_empty());
}

#[test]
fn a_repeat_changes_nothing_and_another_request_is_refused() {
    let mut salted_again = registration(Role::Rider);
    salted_again.credential = {
        let keys: Arc<dyn KeyRing> = Arc::new(MemoryKeyRing::default());
        let hash = "$argon2id$other salt".to_owned();
        keys.seal(asha(), &Credential { hash }).unwrap()
    };
    let mut other = registration(Role::Rider);
    other.request = "another".to_owned();
    signed_up()
        .when(as_role(Role::Rider), UserCommand::Register(salted_again))
        .then_nothing()
        .when(as_role(Role::Rider), UserCommand::Register(other))
        .then_rejected("idempotency-key-reused");
}

#[test]
fn nobody_signs_up_as_staff_and_the_platform_seeds_it() {
    let support = UserCommand::Register(registration(Role::Support));
    given::<User>(asha())
        .when(as_role(Role::Support), support.clone())
        .then_rejected("user-staff-only-by-admin")
        .when(admin(), support.clone())
        .then_rejected("user-staff-only-by-admin")
        .when(Actor::System, support)
        .decided();
}

#[test]
fn administrators_change_roles_but_keep_their_own() {
    let change = |roles: &[Role]| UserCommand::ChangeRoles {
        roles: roles.to_vec(),
    };
    let story = signed_up()
        .when(as_role(Role::Rider), change(&[Role::Admin]))
        .then_rejected("forbidden")
        .when(admin(), change(&[]))
        .then_rejected("user-no-role")
        .when(admin(), change(&[Role::Rider, Role::Admin, Role::Rider]))
        .then_types(&["user.roles_changed.v1"]);
    assert_eq!(story.state().roles(), [Role::Rider, Role::Admin]);
    let taken = story
        .when(as_role(Role::Admin), change(&[Role::Rider]))
        .then_rejected("user-own-admin-role")
        .when(admin(), change(&[Role::Rider]))
        .story();
    // The token of before is good for some minutes.
    taken
        .when(as_role(Role::Admin), change(&[Role::Admin]))
        .then_rejected("forbidden");
}

#[test]
fn administrators_cannot_erase_themselves() {
    let erase = || UserCommand::Erase { sessions: Vec::new() };
    let roles = vec![Role::Rider, Role::Admin];
    signed_up()
        .when(admin(), UserCommand::ChangeRoles { roles })
        .story()
        .when(as_role(Role::Rider), erase())
        .then_rejected("user-own-admin-role");
}

#[test]
fn what_somebody_may_sign_in_as_is_said_by_what_was_decided() {
    let has = |story: Story<User>, role: Role| {
        let told = story.when(Actor::Service("user".into()), UserCommand::Has { role });
        let reply = told.decided().reply.clone();
        told.then_nothing();
        serde_json::from_slice::<bool>(&reply).unwrap()
    };
    assert!(has(signed_up(), Role::Rider));
    assert!(!has(signed_up(), Role::Admin));
    let erase = UserCommand::Erase { sessions: Vec::new() };
    let erased = signed_up().when(as_role(Role::Rider), erase).story();
    assert!(!has(erased, Role::Rider));
    assert!(!has(given(asha()), Role::Rider));
}

#[test]
fn whoever_has_any_number_of_logins_can_be_erased() {
    let sessions = (0..2_000_u32).map(|n| SessionId::derive(1, &[&n.to_be_bytes()]));
    let erase = UserCommand::Erase {
        sessions: sessions.collect(),
    };
    let told = signed_up().when(as_role(Role::Rider), erase);
    assert_eq!(told.messages().len(), 500 + 2);
}

#[test]
fn an_erased_person_gives_back_contacts_and_sessions() {
    let session = SessionId::derive(1, &[b"login"]);
    let erase = UserCommand::Erase {
        sessions: vec![session],
    };
    let told = signed_up()
        .when(admin(), erase.clone())
        .then_rejected("forbidden")
        .when(as_role(Role::Rider), erase.clone());
    let asked: Vec<&str> = told
        .messages()
        .iter()
        .map(|message| message.to.id.as_str())
        .collect();
    assert_eq!(asked, ["e-mail hash", "phone hash", &session.to_string()]);
    let change = UserCommand::ChangeRoles {
        roles: vec![Role::Driver],
    };
    told.then_types(&["user.erased.v1"])
        .when(as_role(Role::Rider), erase)
        .then_nothing()
        .when(admin(), change)
        .then_rejected("user-not-active");
}

#[test]
fn whoever_stops_being_a_driver_gets_no_trips_any_more() {
    let change = |roles: &[Role]| UserCommand::ChangeRoles {
        roles: roles.to_vec(),
    };
    let drives = || {
        signed_up()
            .when(admin(), change(&[Role::Rider, Role::Driver]))
            .story()
    };
    let retired = |told: &Told<User>| {
        let mut asked = told.messages().iter();
        let asked = asked.find(|message| message.to.service == "driver")?;
        serde_json::from_slice::<DriverMessage>(&asked.payload).ok()
    };
    let because = |reason: &str| {
        Some(DriverMessage::Retire {
            reason: reason.to_owned(),
        })
    };
    let sessions = Vec::new();
    let erased = drives().when(as_role(Role::Rider), UserCommand::Erase { sessions });
    assert_eq!(retired(&erased), because("account_erased"));
    let taken = drives().when(admin(), change(&[Role::Rider]));
    assert_eq!(retired(&taken), because("role_taken"));
    let kept = drives().when(admin(), change(&[Role::Driver]));
    assert_eq!(retired(&kept), None);
}
