//! What happens to a tracked trip. No event holds where the driver was: that is telemetry, and it expires.

use interstate_eventing::events;
use interstate_schemas::{BookingId, GeoPoint, StateCode, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The driver has set out, and the rider may see where the driver is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TripOpened {
    /// Of which booking.
    pub booking: BookingId,
    /// Who rides.
    pub rider: UserId,
    /// Who drives, as a user.
    pub driver: UserId,
    /// Where the rider waits.
    pub pickup: GeoPoint,
    /// Where the trip ends.
    pub drop: GeoPoint,
    /// When it should be over.
    pub ends_at: Timestamp,
}

/// Something on the way that others act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Milestone {
    /// The driver is within 150 m of the pickup.
    ArrivedAtPickup,
    /// The driver has been at the pickup and is more than 300 m away from it.
    Departed,
    /// Another state: permits, and the tax of the state, begin to count.
    BorderCrossed {
        /// The state that was left.
        from: StateCode,
        /// The state that was entered.
        to: StateCode,
    },
    /// The gates of a toll plaza.
    TollGatePassed {
        /// The plaza's number at the highways authority.
        plaza: u32,
    },
    /// Within 2 km of the end.
    NearDrop,
}

/// A milestone was reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MilestoneReached {
    /// Of which booking.
    pub booking: BookingId,
    /// Which.
    pub milestone: Milestone,
    /// When the fix that shows it was taken.
    pub at: Timestamp,
}

/// Why a trip is not tracked any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// It is over.
    Ended,
    /// Nobody said that it is over, long after it should have been.
    Forgotten,
}

/// From now on nobody sees the driver by this trip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TripClosed {
    /// Of which booking.
    pub booking: BookingId,
    /// Why.
    pub reason: CloseReason,
}

events! {
    /// What happens to a tracked trip.
    pub enum TrackingEvent {
        Opened(TripOpened) = "location.trip_opened.v1",
        Reached(MilestoneReached) = "location.milestone_reached.v1",
        Closed(TripClosed) = "location.trip_closed.v1",
    }
}
