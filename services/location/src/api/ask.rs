//! From a request to a command, from its outcome to an answer, and who may see a trip.

use super::{
    code::{CODES, codes},
    http::Edge,
};
use crate::domain::tracking::{OpenTrip, TrackingCommand};
use interstate_auth::Caller;
use interstate_eventing::{
    Rejection, RejectionKind,
    projection::{At, Wait},
    runtime::{Ask, AskError},
};
use interstate_http::{
    ConsistencyToken, IdempotencyKey, Position, Problem, RequestContext, codes as edge_codes,
};
use interstate_schemas::{BookingId, TripId};
use std::time::Duration;

/// How long a query waits for the open trips to show what its asker has seen.
const PATIENCE: Duration = Duration::from_secs(2);

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
        let answered = self.commands.ask(ask).await.map_err(problem)?;
        Ok(ConsistencyToken::at(Position {
            incarnation: answered.incarnation,
            service: answered.service,
            partition: answered.partition,
            sequence: answered.sequence,
        }))
    }

    /// Waits until the open trips show what the client has seen.
    pub(super) async fn catch_up(&self, seen: &ConsistencyToken, booking: BookingId) -> Result<(), Problem> {
        let subject = TripId::from(booking).to_string();
        for position in seen.of(self.position.service()) {
            let at = At {
                incarnation: position.incarnation,
                partition: position.partition,
                sequence: position.sequence,
            };
            let wait = self.position.wait_for(at, Some(&subject), PATIENCE).await;
            if wait.map_err(Problem::internal)? != Wait::CaughtUp {
                return Err(Problem::new(
                    &edge_codes::NOT_CAUGHT_UP,
                    "The open trips have not come as far as your token.",
                ));
            }
        }
        Ok(())
    }

    /// The open trip, for its rider, its driver and the staff. To everybody else it does not exist: who probes
    /// bookings does not learn which are under way.
    pub(super) fn visible(&self, booking: BookingId, caller: &Caller) -> Result<OpenTrip, Problem> {
        let open = self.trips.of_booking(booking);
        open.filter(|open| may_see(open, caller))
            .ok_or_else(|| Problem::new(&codes::TRIP_NOT_OPEN, "Nobody drives this trip at present."))
    }
}

fn may_see(open: &OpenTrip, caller: &Caller) -> bool {
    caller.role.is_staff() || caller.user == open.trip.rider || caller.user == open.trip.driver
}

fn problem(error: AskError) -> Problem {
    match error {
        AskError::Rejected(rejection) => rejected(rejection),
        AskError::OtherBody => Problem::new(
            &edge_codes::IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used before with another request.",
        ),
        AskError::Expired => Problem::new(
            &edge_codes::TIMED_OUT,
            "The request came too late to be carried out.",
        ),
        AskError::Overloaded => Problem::new(&edge_codes::OVERLOADED, "Too much is waiting."),
        AskError::Unavailable => Problem::new(
            &edge_codes::TIMED_OUT,
            "No reply came in time; repeat with the same Idempotency-Key to hear the outcome.",
        ),
        AskError::NoSuchService(service) => Problem::new(
            &edge_codes::UNAVAILABLE,
            format!("The service {service} is not part of this deployment."),
        ),
        AskError::Failed { code, why } => Problem::internal(format!("{code}: {why}")),
    }
}

fn rejected(rejection: Rejection) -> Problem {
    let known = CODES.iter().find(|known| known.code == rejection.code);
    let code = known.copied().unwrap_or(match rejection.kind {
        RejectionKind::NotFound => &edge_codes::NOT_FOUND,
        RejectionKind::Limited => &edge_codes::RATE_LIMITED,
        RejectionKind::Invalid | RejectionKind::Conflict | RejectionKind::Forbidden => {
            &edge_codes::BAD_REQUEST
        }
    });
    Problem::new(code, rejection.message)
}
