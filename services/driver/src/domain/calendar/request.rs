//! What a calendar is asked.

use crate::domain::duty::DutyPlan;
use interstate_schemas::{AddressedCommand, BookingId, CalendarCommand, CalendarOwner, DriverId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a calendar is asked: the variants of [`CalendarCommand`], and what only this service asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CalendarRequest {
    /// See [`CalendarCommand::Reserve`].
    Reserve {
        /// Whose calendar.
        owner: CalendarOwner,
        /// For which booking.
        booking: BookingId,
        /// Which search of the booking.
        search: u32,
        /// From when the owner is busy, travel included.
        from: Timestamp,
        /// Until when, rest included.
        to: Timestamp,
        /// When the trip itself starts.
        pickup_at: Timestamp,
        /// When the trip itself ends.
        ends_at: Timestamp,
    },
    /// See [`CalendarCommand::Release`].
    Release {
        /// Whose calendar.
        owner: CalendarOwner,
        /// Of which booking.
        booking: BookingId,
        /// Of which search.
        search: u32,
    },
    /// See [`CalendarCommand::Start`].
    Start {
        /// Of which booking.
        booking: BookingId,
        /// Of which search.
        search: u32,
    },
    /// See [`CalendarCommand::Close`].
    Close {
        /// Of which booking.
        booking: BookingId,
        /// Of which search.
        search: u32,
        /// When it ended.
        ended_at: Timestamp,
    },
    /// A driver accepted: keep the time until the booking reserves it. A step of the search; answered like a
    /// reservation.
    Hold {
        /// Whose calendar.
        owner: CalendarOwner,
        /// For which booking.
        booking: BookingId,
        /// Of which search.
        search: u32,
        /// The time.
        plan: DutyPlan,
        /// The first moment at which it no longer counts.
        expires_at: Timestamp,
    },
    /// A hold's time is over.
    ExpireHolds,
    /// The driver may not drive: no time is given to anybody, and bookings whose trip has not begun are told to
    /// look for somebody else. A repeat tells those again that are left.
    Suspend {
        /// Who.
        driver: DriverId,
    },
    /// The driver cannot drive the trips that have not begun: their bookings are told to look for somebody else.
    GiveAway {
        /// Who.
        driver: DriverId,
    },
    /// The driver may drive again.
    Reinstate {
        /// Who.
        driver: DriverId,
    },
}

impl AddressedCommand for CalendarRequest {
    const SERVICE: &'static str = CalendarCommand::SERVICE;
    const AGGREGATE: &'static str = CalendarCommand::AGGREGATE;
}
