//! From a request to a command, from its outcome to an answer, and who may see a trip.

use super::{
    code::{CODES, codes},
    http::Edge,
};
use crate::domain::tracking::{OpenTrip, TrackingCommand};
use interstate_auth::Caller;
use interstate_eventing::runtime::Ask;
use interstate_http::{
    ConsistencyToken, IdempotencyKey, Problem, RequestContext, ask_problem, catch_up, token,
};
use interstate_schemas::{BookingId, TripId};

impl Edge {
    /// Asks a tracked trip. Returns what the client passes back to read its own write.
    pub(super) async fn ask(
        &self,
        booking: BookingId,
        command: &TrackingCommand,
        caller: &Caller,
        context: &RequestContext,
        repeat: (&str, &IdempotencyKey),
    ) -> Result<ConsistencyToken, Problem> {
        let ask = Ask::to(TripId::from(booking), command, caller.actor())
            .idempotent(repeat.0, repeat.1.as_str())
            .trace(Some(context.trace.to_string()));
        let answered = self.commands.ask(ask).await;
        let answered = answered.map_err(|error| ask_problem(error, CODES))?;
        Ok(token(&answered))
    }

    /// Waits until the open trips show what the client has seen.
    pub(super) async fn catch_up(&self, seen: &ConsistencyToken, booking: BookingId) -> Result<(), Problem> {
        let subject = TripId::from(booking).to_string();
        catch_up(&self.position, Some(seen), Some(&subject)).await
    }

    /// The open trip, for its rider, its driver and the staff, as long as booking says that it is this driver's: who
    /// loses a trip may forget to close it. To everybody else it does not exist: who probes bookings does not learn
    /// which are under way.
    pub(super) async fn visible(&self, booking: BookingId, caller: &Caller) -> Result<OpenTrip, Problem> {
        let open = self.open_to(booking, caller)?;
        let drives = self.assigned.still_drives(&open.trip).await;
        let drives = drives
            .map_err(|error| Problem::away(format!("{booking}: {error}"), "Bookings cannot be asked now."))?;
        if !drives {
            return Err(not_open());
        }
        // It may have been closed while booking was asked.
        self.open_to(booking, caller)
    }

    fn open_to(&self, booking: BookingId, caller: &Caller) -> Result<OpenTrip, Problem> {
        let open = self.trips.of_booking(booking);
        open.filter(|open| may_see(open, caller)).ok_or_else(not_open)
    }
}

fn not_open() -> Problem {
    Problem::new(&codes::TRIP_NOT_OPEN, "Nobody drives this trip at present.")
}

fn may_see(open: &OpenTrip, caller: &Caller) -> bool {
    caller.role.is_staff() || caller.user == open.trip.rider || caller.user == open.trip.driver
}
