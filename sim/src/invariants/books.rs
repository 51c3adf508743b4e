//! What each world's own books must say, whatever its trade is.

use super::History;
use crate::clients::Acknowledged;
use interstate_eventing::{Aggregate, Event};
use interstate_schemas::Timestamp;
use std::collections::BTreeMap;

/// What a world's log says of its business, folded event by event. Each answer names what does not hold.
pub trait Books: Send + 'static {
    /// The next event.
    fn evolve(&mut self, event: &Event) -> Result<(), String>;

    /// What has not come to its end yet: sagas, deadlines, operations.
    fn open(&self, now: Timestamp) -> Vec<String>;

    /// For a refusal as too late: until when it would have been in time.
    fn due_of(&self, line: &Acknowledged) -> Option<Timestamp>;

    /// What was taken back because its time was over, although an answer had come first.
    fn overtaken(&self) -> Vec<String> {
        Vec::new()
    }

    /// Messages that were not handled exactly once, where the business can tell.
    fn messages_once(&self, _: &History) -> Vec<String> {
        Vec::new()
    }

    /// Money that came from nowhere, or is gone.
    fn money_is_conserved(&self) -> Vec<String>;

    /// What was captured twice, or without a reason.
    fn captured_once(&self) -> Vec<String>;

    /// Times that two have.
    fn no_overlap(&self) -> Vec<String>;

    /// What belongs to one alone, and two have it.
    fn owned_twice(&self) -> Vec<String> {
        Vec::new()
    }

    /// What is held, reserved or missing although its saga is over.
    fn nothing_half_done(&self) -> Vec<String>;

    /// What was given back and is taken again.
    fn released_stays_free(&self, journal: &[Acknowledged]) -> Vec<String>;
}

/// Takes an event into the state of its aggregate.
pub fn evolve<A: Aggregate>(all: &mut BTreeMap<String, A>, event: &Event) -> Result<(), String> {
    let decoded = event.decode::<A::Event>().map_err(|error| error.to_string())?;
    all.entry(event.subject.clone())
        .or_default()
        .evolve(&decoded, event.time);
    Ok(())
}
