//! Counters that add to each other, and ring after a while.

use interstate_eventing::{Aggregate, Context, Deadline, Decision, Message, Rejection, events};
use interstate_schemas::{AddressedCommand, SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Added {
    by: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rang {}

events! {
    pub enum CounterEvent {
        Added(Added) = "counter.added.v1",
        Rang(Rang) = "counter.rang.v1",
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Counter {
    total: u64,
    rings_at: Option<Timestamp>,
    rings: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum CounterCommand {
    Add(u64),
    /// Adds here, and as much to another counter.
    AddTo(u64, String),
    Get,
    Panic,
    Ring,
}

impl AddressedCommand for CounterCommand {
    const SERVICE: &'static str = "counting";
    const AGGREGATE: &'static str = "counter";
}

impl Aggregate for Counter {
    const NAME: &'static str = "counter";
    type Command = CounterCommand;
    type Event = CounterEvent;

    fn decide(&self, command: CounterCommand, _: &Context<'_>) -> Result<Decision<CounterEvent>, Rejection> {
        match command {
            CounterCommand::Add(0) => Err(Rejection::invalid("counter.nothing", "nothing to add")),
            CounterCommand::Add(by) => Ok(Decision::event(Added { by }).reply(&(self.total + by))),
            CounterCommand::AddTo(by, other) => Ok(Decision::event(Added { by })
                .send(Message::to(other, &CounterCommand::Add(by)))
                .reply(&(self.total + by))),
            CounterCommand::Get => Ok(Decision::nothing().reply(&(self.total, self.rings))),
            CounterCommand::Panic => panic!("on purpose"),
            CounterCommand::Ring => Ok(Decision::event(Rang {})),
        }
    }

    fn evolve(&mut self, event: &CounterEvent, time: Timestamp) {
        match event {
            CounterEvent::Added(added) => {
                self.total += added.by;
                self.rings_at = Some(time + SignedDuration::from_millis(300));
            }
            CounterEvent::Rang(_) => {
                self.rings += 1;
                self.rings_at = None;
            }
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.rings_at
            .map(|due| Deadline::new("ring", due))
            .into_iter()
            .collect()
    }

    fn deadline_reached(_: &str) -> Option<CounterCommand> {
        Some(CounterCommand::Ring)
    }
}
