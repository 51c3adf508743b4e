//! One e-mail address or telephone number, and whose it is. The aggregate's id is a keyed hash of the contact, so
//! that two people who ask for the same one meet in the same place, and the log reveals neither.

use interstate_eventing::{
    Aggregate, Context, Decision, Message, Rejection, events,
    plant::{self, Bug},
};
use interstate_schemas::{AddressedCommand, StepOutcome, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which kind of contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
}

impl Contact {
    /// The kind of its keyed hash.
    pub const fn kind(self) -> &'static str {
        match self {
            Contact::Email => "email",
            Contact::Phone => "phone",
        }
    }
}

/// What a claim can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimCommand {
    /// The contact is to be this user's.
    Claim {
        /// Whose.
        user: UserId,
        /// What it is.
        contact: Contact,
    },
    /// It is this user's no more.
    Release {
        /// Whose.
        user: UserId,
    },
}

impl AddressedCommand for ClaimCommand {
    const SERVICE: &'static str = "user";
    const AGGREGATE: &'static str = "claim";
}

/// It is this user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claimed {
    /// Whose.
    pub user: UserId,
    /// What it is.
    pub contact: Contact,
}

/// It is nobody's, and never this user's again: a claim that comes after its release was overtaken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Released {
    /// Whose it was.
    pub user: UserId,
}

events! {
    /// What happens to a claim.
    pub enum ClaimEvent {
        Claimed(Claimed) = "user.contact_claimed.v1",
        Released(Released) = "user.contact_released.v1",
    }
}

/// How many former holders are remembered. A claim that was overtaken comes seconds late, not eight holders late.
const FORMER: usize = 8;

/// A contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    holder: Option<UserId>,
    former: Vec<UserId>,
}

impl Aggregate for Claim {
    const NAME: &'static str = "claim";
    type Command = ClaimCommand;
    type Event = ClaimEvent;

    fn decide(&self, command: ClaimCommand, cx: &Context<'_>) -> Result<Decision<ClaimEvent>, Rejection> {
        let (decision, outcome) = match command {
            ClaimCommand::Claim { user, contact } => match self.holder {
                Some(holder) if holder == user => (Decision::nothing(), StepOutcome::Done(())),
                Some(_) if !plant::on(Bug::ContactClaimedTwice) => return Err(taken(contact)),
                None if self.former.contains(&user) => {
                    return Err(Rejection::conflict(
                        "user-registration-failed",
                        "The contact was given up by this user and cannot be claimed by them again.",
                    ));
                }
                _ => (Decision::event(Claimed { user, contact }), StepOutcome::Done(())),
            },
            ClaimCommand::Release { user } if self.former.contains(&user) => {
                (Decision::nothing(), StepOutcome::Undone)
            }
            ClaimCommand::Release { user } => (Decision::event(Released { user }), StepOutcome::Undone),
        };
        Ok(match cx.step {
            Some(step) => decision.send(Message::answer(step, outcome)),
            None => decision,
        })
    }

    fn evolve(&mut self, event: &ClaimEvent, _: Timestamp) {
        match event {
            ClaimEvent::Claimed(claimed) => self.holder = Some(claimed.user),
            ClaimEvent::Released(released) => {
                if self.holder == Some(released.user) {
                    self.holder = None;
                }
                if self.former.len() == FORMER {
                    self.former.remove(0);
                }
                self.former.push(released.user);
            }
        }
    }
}

fn taken(contact: Contact) -> Rejection {
    match contact {
        Contact::Email => Rejection::conflict(
            "user-email-taken",
            "Somebody has signed up with this e-mail address.",
        ),
        Contact::Phone => Rejection::conflict(
            "user-phone-taken",
            "Somebody has signed up with this telephone number.",
        ),
    }
}
