//! What happens in a calendar.

use crate::domain::duty::{Claim, Clash, DutyPlan};
use interstate_eventing::events;
use interstate_schemas::{BookingId, CalendarOwner, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The time is kept for a driver who accepted, until the booking reserves it or the hold expires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeHeld {
    /// Whose calendar.
    pub owner: CalendarOwner,
    /// For which booking.
    pub booking: BookingId,
    /// Of which search.
    pub search: u32,
    /// The time.
    pub plan: DutyPlan,
    /// The first moment at which it no longer counts.
    pub expires_at: Timestamp,
}

/// The time is the booking's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DutyReserved {
    /// Whose calendar.
    pub owner: CalendarOwner,
    /// For which booking.
    pub booking: BookingId,
    /// Of which search.
    pub search: u32,
    /// The time.
    pub plan: DutyPlan,
}

/// The time is free again, and a reservation of the same search that comes later is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DutyReleased {
    /// Whose calendar.
    pub owner: CalendarOwner,
    /// Of which booking.
    pub booking: BookingId,
    /// Up to which search.
    pub search: u32,
}

/// The trip has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DutyStarted {
    /// Of which booking.
    pub booking: BookingId,
    /// Of which search.
    pub search: u32,
}

/// The trip is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DutyClosed {
    /// Whose calendar.
    pub owner: CalendarOwner,
    /// Of which booking.
    pub booking: BookingId,
    /// Of which search.
    pub search: u32,
    /// When the work ended.
    pub on_duty_until: Timestamp,
    /// Until when rest is owed.
    pub rest_until: Timestamp,
    /// The next duty, where the rest reaches into it: somebody else should drive that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clash: Option<Clash>,
}

/// Holds that nobody reserved in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldsExpired {
    /// Whose calendar.
    pub owner: Option<CalendarOwner>,
    /// Whose holds.
    pub claims: Vec<Claim>,
}

/// The driver may not drive: nobody gets time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalendarSuspended {
    /// Whose calendar.
    pub owner: CalendarOwner,
}

/// The driver may drive again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalendarReinstated {
    /// Whose calendar.
    pub owner: CalendarOwner,
}

events! {
    /// What happens in a calendar.
    pub enum CalendarEvent {
        TimeHeld(TimeHeld) = "calendar.time_held.v1",
        Reserved(DutyReserved) = "calendar.reserved.v1",
        Released(DutyReleased) = "calendar.released.v1",
        Started(DutyStarted) = "calendar.started.v1",
        Closed(DutyClosed) = "calendar.closed.v1",
        HoldsExpired(HoldsExpired) = "calendar.holds_expired.v1",
        Suspended(CalendarSuspended) = "calendar.suspended.v1",
        Reinstated(CalendarReinstated) = "calendar.reinstated.v1",
    }
}
