//! What this service asks of others while somebody waits. The platform wires it.

use async_trait::async_trait;
use interstate_schemas::{BookingId, GeoPoint, Timestamp, UserId};

/// What booking knows about a trip that is about to be driven.
#[derive(Debug, Clone, PartialEq)]
pub struct BookedTrip {
    /// Who rides.
    pub rider: UserId,
    /// Who is assigned to drive it, as a user.
    pub driver: UserId,
    /// Where the rider waits.
    pub pickup: GeoPoint,
    /// Where the trip ends.
    pub drop: GeoPoint,
    /// When it should be over.
    pub ends_at: Timestamp,
}

/// Booking does not answer; try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bookings cannot be asked now: {0}")]
pub struct BookingsUnavailable(pub String);

/// Tells who drives whom: a driver's word alone opens no trip.
#[async_trait]
pub trait BookedTrips: Send + Sync + 'static {
    /// The booking's trip where a driver is assigned to it and it is not over.
    async fn trip(&self, booking: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable>;
}
