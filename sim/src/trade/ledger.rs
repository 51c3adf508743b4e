//! Keeps notes that nobody asks for twice: a message that is lost or doubled shows.

use interstate_eventing::{Aggregate, Context, Decision, Message, Rejection, events};
use interstate_schemas::{AddressedCommand, StepOutcome, Timestamp};
use serde::{Deserialize, Serialize};

/// A ledger's notes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Who wrote, and the writer's count.
    pub notes: Vec<(String, u32)>,
}

/// What a ledger is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum LedgerCommand {
    /// Keep this, said once.
    Note {
        /// The writer.
        from: String,
        /// The writer's count, from 1.
        number: u32,
    },
    /// Enter a finished trip, and say so.
    Enter {
        /// The trip.
        trip: String,
    },
}

impl AddressedCommand for LedgerCommand {
    const SERVICE: &'static str = "account";
    const AGGREGATE: &'static str = "ledger";
}

/// A note was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Noted {
    /// The writer.
    pub from: String,
    /// The writer's count.
    pub number: u32,
}

events! {
    /// What happens to a ledger.
    pub enum LedgerEvent {
        Noted(Noted) = "ledger.noted.v1",
    }
}

impl Aggregate for Ledger {
    const NAME: &'static str = "ledger";
    type Command = LedgerCommand;
    type Event = LedgerEvent;

    fn decide(&self, command: LedgerCommand, cx: &Context<'_>) -> Result<Decision<LedgerEvent>, Rejection> {
        match command {
            LedgerCommand::Note { from, number } => Ok(Decision::event(Noted { from, number })),
            LedgerCommand::Enter { trip } => {
                let mut decision = Decision::nothing();
                if !self.notes.iter().any(|(from, _)| *from == trip) {
                    decision = decision.and(Noted {
                        from: trip,
                        number: 0,
                    });
                }
                Ok(match cx.step {
                    Some(step) => decision.send(Message::answer(step, StepOutcome::Done(()))),
                    None => decision,
                })
            }
        }
    }

    fn evolve(&mut self, LedgerEvent::Noted(noted): &LedgerEvent, _: Timestamp) {
        self.notes.push((noted.from.clone(), noted.number));
    }
}
