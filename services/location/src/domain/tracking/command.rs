//! What a tracked trip can be asked.

use super::event::{Milestone, TripOpened};
use interstate_schemas::{AddressedCommand, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Commands to a tracked trip. The aggregate's id is a [`TripId`](interstate_schemas::TripId) with the
/// booking's bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum TrackingCommand {
    /// The trip's driver is on the way to the rider. Repeats change nothing; another driver of the same booking
    /// takes the place of the first. A trip that was closed begins anew.
    Open(Box<TripOpened>),
    /// Fixes show that this has happened. Repeats change nothing.
    Reach {
        /// What.
        milestone: Milestone,
        /// When the deciding fix was taken.
        at: Timestamp,
    },
    /// The driver is not followed any more.
    Close,
    /// Nobody closed it: feeds the deadline.
    Forget,
}

impl AddressedCommand for TrackingCommand {
    const SERVICE: &'static str = "location";
    const AGGREGATE: &'static str = "trip";
}
