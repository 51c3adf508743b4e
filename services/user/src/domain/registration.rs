//! Signing up, as a table: a person exists once both contacts are theirs.

use super::{ClaimCommand, Contact, User};
use interstate_eventing::{
    Message,
    saga::{Saga, Step},
};
use interstate_schemas::SignedDuration;

/// The steps' names, in order.
pub const STEPS: [&str; 2] = ["claim the e-mail address", "claim the telephone number"];

/// Both steps ask aggregates of the same service, which answer within milliseconds.
const ANSWER_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// The table.
pub static REGISTRATION: Saga<User> = Saga {
    name: "registration",
    steps: &[
        Step {
            name: STEPS[0],
            request: |user| user.claim(Contact::Email),
            compensation: Some(|user| user.release(Contact::Email)),
            answer_within: ANSWER_WITHIN,
            attempts: 5,
            pivot: false,
            together: false,
        },
        Step {
            name: STEPS[1],
            request: |user| user.claim(Contact::Phone),
            compensation: Some(|user| user.release(Contact::Phone)),
            answer_within: ANSWER_WITHIN,
            attempts: 5,
            pivot: false,
            together: false,
        },
    ],
};

impl User {
    fn key(&self, contact: Contact) -> &str {
        match contact {
            Contact::Email => &self.email_key,
            Contact::Phone => &self.phone_key,
        }
    }

    fn claim(&self, contact: Contact) -> Message {
        let user = self.id.expect("a saga runs in a user who has registered");
        Message::to(self.key(contact), &ClaimCommand::Claim { user, contact })
    }

    pub(super) fn release(&self, contact: Contact) -> Message {
        let user = self.id.expect("only a user who has registered holds contacts");
        Message::to(self.key(contact), &ClaimCommand::Release { user })
    }
}
