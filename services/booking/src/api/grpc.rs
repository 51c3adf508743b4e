//! What other services ask: who drives whom.

use crate::{
    domain::booking::Stage,
    read::{BookingHistory, BookingRow, HistoryError},
};
use interstate_grpc::CallRow;
use interstate_proto::{
    MESSAGE_BYTES, Malformed,
    booking::{AssignedTripAnswer, AssignedTripRequest, booking_server},
};
use interstate_schemas::{BookingId, GeoPoint, Timestamp, UserId};
use tonic::{Request, Response, Status};

#[cfg(test)]
mod tests;

/// Who may ask what.
pub const CALLERS: &[CallRow] = &[("location", "interstate.booking.v1.Booking/AssignedTrip")];

/// A trip that somebody is assigned to drive.
#[derive(Debug, Clone, PartialEq)]
pub struct AssignedTrip {
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

/// The trip of a booking where somebody is assigned to drive it and it is not over.
pub async fn assigned_trip(
    history: &BookingHistory,
    booking: BookingId,
) -> Result<Option<AssignedTrip>, HistoryError> {
    let Some(row) = history.booking(booking).await? else {
        return Ok(None);
    };
    let Some(driver) = driver_now(&row) else {
        return Ok(None);
    };
    let Some(quote) = history.quote(row.quote).await? else {
        return Ok(None);
    };
    let stops = &quote.view.route.stops;
    Ok(match (stops.first(), stops.last()) {
        (Some(first), Some(last)) => Some(AssignedTrip {
            rider: row.rider,
            driver,
            pickup: first.point,
            drop: last.point,
            ends_at: row.ends_at,
        }),
        _ => None,
    })
}

/// A booking that has ended or was cancelled still names whoever drove it last.
fn driver_now(row: &BookingRow) -> Option<UserId> {
    match row.stage {
        Stage::Assigned | Stage::EnRoute | Stage::Arrived | Stage::OnTrip => row.driver_user,
        Stage::Unknown
        | Stage::PendingPayment
        | Stage::Confirmed
        | Stage::Completed
        | Stage::Closed
        | Stage::Lapsed
        | Stage::Unfulfilled
        | Stage::Cancelled => None,
    }
}

/// The questions as a server.
pub fn questions(history: BookingHistory) -> booking_server::BookingServer<impl booking_server::Booking> {
    booking_server::BookingServer::new(Answers(history))
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES)
}

struct Answers(BookingHistory);

#[tonic::async_trait]
impl booking_server::Booking for Answers {
    async fn assigned_trip(
        &self,
        request: Request<AssignedTripRequest>,
    ) -> Result<Response<AssignedTripAnswer>, Status> {
        let booking = request.into_inner().booking;
        let booking: BookingId = booking
            .parse()
            .map_err(|error| Malformed::wrong("booking", error))?;
        let found = assigned_trip(&self.0, booking)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let trip = found.map(message).transpose()?;
        Ok(Response::new(AssignedTripAnswer { trip }))
    }
}

fn message(trip: AssignedTrip) -> Result<interstate_proto::booking::AssignedTrip, Status> {
    Ok(interstate_proto::booking::AssignedTrip {
        rider: trip.rider.to_string(),
        driver: trip.driver.to_string(),
        pickup: Some(trip.pickup.into()),
        drop: Some(trip.drop.into()),
        ends_at_ns: i64::try_from(trip.ends_at.as_nanosecond())
            .map_err(|_| Status::internal("a moment outside of three centuries"))?,
    })
}
