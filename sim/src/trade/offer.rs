//! An offer stands until its deadline; who accepts before it has it.

use interstate_eventing::{Aggregate, Context, Deadline, Decision, Rejection, events};
use interstate_schemas::{AddressedCommand, SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// An offer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Offer {
    /// Not made.
    #[default]
    None,
    /// Can be accepted.
    Open {
        /// Until then.
        due: Timestamp,
    },
    /// Taken.
    Accepted,
    /// Over.
    Expired,
}

/// What an offer is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum OfferCommand {
    /// Make it.
    Open {
        /// Seconds that it stands.
        seconds: i64,
    },
    /// Take it.
    Accept,
    /// Its time is over.
    Expire,
}

impl AddressedCommand for OfferCommand {
    const SERVICE: &'static str = "trip";
    const AGGREGATE: &'static str = "offer";
}

/// It was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Opened {
    /// It stands until then.
    pub due: Timestamp,
}

/// It was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Accepted {}

/// Its time is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Expired {}

events! {
    /// What happens to an offer.
    pub enum OfferEvent {
        Opened(Opened) = "offer.opened.v1",
        Accepted(Accepted) = "offer.accepted.v1",
        Expired(Expired) = "offer.expired.v1",
    }
}

impl Aggregate for Offer {
    const NAME: &'static str = "offer";
    type Command = OfferCommand;
    type Event = OfferEvent;

    fn decide(&self, command: OfferCommand, cx: &Context<'_>) -> Result<Decision<OfferEvent>, Rejection> {
        match (self, command) {
            (Offer::None, OfferCommand::Open { seconds }) => {
                let due = cx.now.saturating_add(SignedDuration::from_secs(seconds));
                let due = due.unwrap_or(Timestamp::MAX);
                Ok(Decision::event(Opened { due }).reply(&due))
            }
            (Offer::Open { .. }, OfferCommand::Accept) => Ok(Decision::event(Accepted {}).reply(&"accepted")),
            (Offer::Open { .. }, OfferCommand::Expire) => Ok(Decision::event(Expired {})),
            (_, OfferCommand::Expire) => Ok(Decision::nothing()),
            (Offer::Expired, OfferCommand::Accept) => {
                Err(Rejection::conflict("offer.expired", "the offer is over"))
            }
            _ => Err(Rejection::conflict(
                "offer.wrong_state",
                "the offer is not in that state",
            )),
        }
    }

    fn evolve(&mut self, event: &OfferEvent, _: Timestamp) {
        *self = match event {
            OfferEvent::Opened(opened) => Offer::Open { due: opened.due },
            OfferEvent::Accepted(_) => Offer::Accepted,
            OfferEvent::Expired(_) => Offer::Expired,
        };
    }

    fn deadlines(&self) -> Vec<Deadline> {
        match self {
            Offer::Open { due } => vec![Deadline::new("expire", *due)],
            _ => Vec::new(),
        }
    }

    fn deadline_reached(_: &str) -> Option<OfferCommand> {
        Some(OfferCommand::Expire)
    }
}
