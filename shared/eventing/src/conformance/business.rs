//! Two services that hardly do anything: tellers send, lists note what they are sent.

use crate::{Aggregate, Context, Deadline, Decision, Message, Rejection, Service, events};
use interstate_schemas::{AddressedCommand, SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) const TELLERS: &str = "tellers";
pub(super) const LISTS: &str = "lists";

/// The services, with two partitions each.
pub(super) fn services() -> Vec<Service> {
    vec![
        Service::new(TELLERS).partitions(2).aggregate::<Teller>(),
        Service::new(LISTS)
            .partitions(2)
            .aggregate::<List>()
            .aggregate::<Offer>(),
    ]
}

/// Numbers were told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    count: u64,
}

events! {
    /// What happens to a teller.
    pub enum TellerEvent {
        Told(Told) = "teller.told.v1",
    }
}

/// Counts what it has told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Teller {
    total: u64,
}

/// What a teller can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum TellerCommand {
    /// To have a list note so many numbers from this one on; says how many it has told.
    Tell { from: u64, count: u64, list: String },
    /// To accept an offer for somebody.
    AcceptFor { offer: String },
    /// Something that it never does.
    Refuse,
    /// How many it has told.
    Total,
}

impl AddressedCommand for TellerCommand {
    const SERVICE: &'static str = TELLERS;
    const AGGREGATE: &'static str = "teller";
}

impl Aggregate for Teller {
    const NAME: &'static str = "teller";
    type Command = TellerCommand;
    type Event = TellerEvent;

    fn decide(&self, command: TellerCommand, _: &Context<'_>) -> Result<Decision<TellerEvent>, Rejection> {
        Ok(match command {
            TellerCommand::Tell { from, count, list } => {
                let told = Decision::event(Told { count }).reply(&(self.total + count));
                let note = |number| Message::to(&list, &ListCommand::Note(number));
                (from..from + count).fold(told, |told, number| told.send(note(number)))
            }
            TellerCommand::AcceptFor { offer } => {
                Decision::event(Told { count: 1 }).send(Message::to(offer, &OfferCommand::Accept))
            }
            TellerCommand::Refuse => {
                let text = format!("after {} numbers", self.total);
                return Err(Rejection::conflict("teller-refuses", text));
            }
            TellerCommand::Total => Decision::nothing().reply(&self.total),
        })
    }

    fn evolve(&mut self, event: &TellerEvent, _: Timestamp) {
        let TellerEvent::Told(told) = event;
        self.total += told.count;
    }
}

/// A number was noted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Noted {
    number: u64,
}

events! {
    /// What happens to a list.
    pub enum ListEvent {
        Noted(Noted) = "list.noted.v1",
    }
}

/// Numbers in the order in which they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct List {
    numbers: Vec<u64>,
}

/// What a list can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum ListCommand {
    /// To note a number.
    Note(u64),
    /// For its numbers.
    Get,
}

impl AddressedCommand for ListCommand {
    const SERVICE: &'static str = LISTS;
    const AGGREGATE: &'static str = "list";
}

impl Aggregate for List {
    const NAME: &'static str = "list";
    type Command = ListCommand;
    type Event = ListEvent;

    fn decide(&self, command: ListCommand, _: &Context<'_>) -> Result<Decision<ListEvent>, Rejection> {
        Ok(match command {
            ListCommand::Note(number) => Decision::event(Noted { number }),
            ListCommand::Get => Decision::nothing().reply(&self.numbers),
        })
    }

    fn evolve(&mut self, event: &ListEvent, _: Timestamp) {
        let ListEvent::Noted(noted) = event;
        self.numbers.push(noted.number);
    }
}

/// An offer was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    due: Timestamp,
}

/// It was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {}

/// Its time was over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expired {}

events! {
    /// What happens to an offer.
    pub enum OfferEvent {
        Opened(Opened) = "offer.opened.v1",
        Accepted(Accepted) = "offer.accepted.v1",
        Expired(Expired) = "offer.expired.v1",
    }
}

/// Stands until it is taken, or its time is over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) enum Offer {
    /// Not made.
    #[default]
    None,
    /// It can be taken until then.
    Open { due: Timestamp },
    /// Taken.
    Accepted,
    /// Over.
    Expired,
}

/// What an offer can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum OfferCommand {
    /// To stand for so many milliseconds.
    Open { millis: i64 },
    /// To be taken.
    Accept,
    /// To be over.
    Expire,
    /// Where it stands.
    Get,
}

impl AddressedCommand for OfferCommand {
    const SERVICE: &'static str = LISTS;
    const AGGREGATE: &'static str = "offer";
}

impl Aggregate for Offer {
    const NAME: &'static str = "offer";
    type Command = OfferCommand;
    type Event = OfferEvent;

    fn decide(&self, command: OfferCommand, cx: &Context<'_>) -> Result<Decision<OfferEvent>, Rejection> {
        Ok(match (self, command) {
            (Offer::None, OfferCommand::Open { millis }) => {
                let due = cx.now + SignedDuration::from_millis(millis);
                Decision::event(Opened { due })
            }
            (Offer::Open { .. }, OfferCommand::Accept) => Decision::event(Accepted {}),
            (Offer::Open { .. }, OfferCommand::Expire) => Decision::event(Expired {}),
            (_, OfferCommand::Get) => Decision::nothing().reply(self),
            _ => Decision::nothing(),
        })
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
