//! A calendar: times of one driver or vehicle that never overlap.

use interstate_eventing::{
    Aggregate, Context, Decision, Message, Rejection, events,
    plant::{self, Bug},
};
use interstate_schemas::{AddressedCommand, StepOutcome, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A calendar.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    /// Taken times, in hours, by who took them: from, and up to but without.
    pub taken: BTreeMap<String, (u32, u32)>,
    /// Who has given its time back, or never had it: nobody of these gets one any more.
    pub released: BTreeSet<String>,
}

/// What a calendar is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum CalendarCommand {
    /// Take this time.
    Reserve {
        /// Who.
        by: String,
        /// From this hour.
        from: u32,
        /// Up to, and without, this one.
        to: u32,
    },
    /// Give it back.
    Release {
        /// Who.
        by: String,
    },
}

impl AddressedCommand for CalendarCommand {
    const SERVICE: &'static str = "calendar";
    const AGGREGATE: &'static str = "calendar";
}

/// A time was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reserved {
    /// Who.
    pub by: String,
    /// From this hour.
    pub from: u32,
    /// Up to, and without, this one.
    pub to: u32,
}

/// A time was given back, or will not be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Released {
    /// Who.
    pub by: String,
}

events! {
    /// What happens to a calendar.
    pub enum CalendarEvent {
        Reserved(Reserved) = "calendar.reserved.v1",
        Released(Released) = "calendar.released.v1",
    }
}

impl Aggregate for Calendar {
    const NAME: &'static str = "calendar";
    type Command = CalendarCommand;
    type Event = CalendarEvent;

    fn decide(
        &self,
        command: CalendarCommand,
        cx: &Context<'_>,
    ) -> Result<Decision<CalendarEvent>, Rejection> {
        let (decision, outcome) = match command {
            CalendarCommand::Reserve { by, from, to } => (self.reserve(by, from, to)?, StepOutcome::Done(())),
            CalendarCommand::Release { by } => (self.release(by), StepOutcome::Undone),
        };
        Ok(match cx.step {
            Some(step) => decision.send(Message::answer(step, outcome)),
            None => decision,
        })
    }

    fn evolve(&mut self, event: &CalendarEvent, _: Timestamp) {
        match event {
            CalendarEvent::Reserved(it) => {
                self.taken.insert(it.by.clone(), (it.from, it.to));
            }
            CalendarEvent::Released(it) => {
                self.taken.remove(&it.by);
                self.released.insert(it.by.clone());
            }
        }
    }
}

impl Calendar {
    fn reserve(&self, by: String, from: u32, to: u32) -> Result<Decision<CalendarEvent>, Rejection> {
        if self.released.contains(&by) {
            return Err(Rejection::conflict(
                "calendar.released",
                "the time was given back",
            ));
        }
        if self.taken.contains_key(&by) {
            return Ok(Decision::nothing());
        }
        if self.taken.values().any(|(start, end)| from < *end && *start < to) {
            return Err(Rejection::conflict("calendar.taken", "the time is taken"));
        }
        Ok(Decision::event(Reserved { by, from, to }))
    }

    /// Leaves a trace even where there was nothing: its reserve may come after it.
    fn release(&self, by: String) -> Decision<CalendarEvent> {
        let never_came = !self.taken.contains_key(&by);
        if self.released.contains(&by) || (never_came && plant::on(Bug::ReleaseOvertakesReserve)) {
            return Decision::nothing();
        }
        Decision::event(Released { by })
    }
}
