//! The invariants of a platform, checked in its read models and its log. Nothing is changed.

mod cases;
mod deadlines;
mod duties;
mod journal;
mod live;
mod log;
mod positions;
mod snapshots;
mod topics;

pub use cases::cases;
pub use deadlines::{Deadlines, GRACE};
pub use duties::Duties;
pub use journal::journal;
pub use live::live;
pub use log::{each_batch, each_event};
pub use positions::{At, positions};
pub use snapshots::snapshots;
pub use topics::topics;

use interstate_eventing::Event;
use serde::{Deserialize, Serialize};

/// An invariant that follows from events alone. They come partition after partition, each from its beginning.
pub trait Audit: Send {
    /// Takes the next event, of any service.
    fn take(&mut self, event: &Event);

    /// A partition has been read to its end: notes what is wrong in it, and lets go of the rest.
    fn end_of_partition(&mut self);

    /// What was found.
    fn check(&mut self) -> Check;
}

/// How many violations of one kind are told.
pub const MOST_TOLD: usize = 20;

/// One invariant, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What must hold, with how much was looked at.
    pub name: String,
    /// What does not; a few of each kind.
    pub violations: Vec<String>,
    /// What holds, and waits for a person all the same.
    #[serde(default)]
    pub open: Vec<String>,
}

impl Check {
    /// What was found of one invariant.
    pub fn new(name: impl Into<String>, mut violations: Vec<String>) -> Self {
        let more = violations.len().saturating_sub(MOST_TOLD);
        violations.truncate(MOST_TOLD);
        if more > 0 {
            violations.push(format!("and {more} more"));
        }
        Self {
            name: name.into(),
            violations,
            open: Vec::new(),
        }
    }

    /// A check that could not be made is no check that has passed.
    pub fn failed(name: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::new(name, vec![format!("it cannot be checked: {why}")])
    }
}
