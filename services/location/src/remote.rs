//! What this service asks, where booking runs in other processes.

use crate::ports::{BookedTrip, BookedTrips, BookingsUnavailable};
use async_trait::async_trait;
use interstate_grpc::{Asking, Client};
use interstate_proto::{
    Malformed,
    booking::{AssignedTrip, AssignedTripRequest, booking_client::BookingClient},
};
use interstate_schemas::{BookingId, Timestamp};

/// Asked once: a driver who sets out waits, but seldom, and who follows one is shown what was known.
const ASSIGNED_TRIP: Asking = Asking::of("AssignedTrip");

/// Booking over gRPC.
#[derive(Debug, Clone)]
pub struct RemoteBookings(Client);

impl RemoteBookings {
    /// Asks its instances by this client.
    pub fn new(client: Client) -> Self {
        Self(client)
    }
}

#[async_trait]
impl BookedTrips for RemoteBookings {
    async fn trip(&self, booking: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable> {
        let question = AssignedTripRequest {
            booking: booking.to_string(),
        };
        let answer = self
            .0
            .ask(ASSIGNED_TRIP, |via| {
                let question = question.clone();
                async move { BookingClient::new(via).assigned_trip(question).await }
            })
            .await
            .map_err(|status| BookingsUnavailable(status.message().to_owned()))?;
        let trip = answer.trip.map(booked).transpose();
        trip.map_err(|error| BookingsUnavailable(error.to_string()))
    }
}

fn booked(trip: AssignedTrip) -> Result<BookedTrip, Malformed> {
    Ok(BookedTrip {
        rider: trip
            .rider
            .parse()
            .map_err(|error| Malformed::wrong("rider", error))?,
        driver: trip
            .driver
            .parse()
            .map_err(|error| Malformed::wrong("driver", error))?,
        pickup: trip.pickup.ok_or(Malformed::missing("pickup"))?.try_into()?,
        drop: trip.drop.ok_or(Malformed::missing("drop"))?.try_into()?,
        ends_at: Timestamp::from_nanosecond(trip.ends_at_ns.into())
            .map_err(|error| Malformed::wrong("end", error))?,
    })
}
