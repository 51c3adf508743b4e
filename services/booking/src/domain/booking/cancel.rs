//! Withdrawing from a booking: what it costs by the matrix, and which saga gives back what was taken.

use super::{
    Assignment, Booking, BookingEvent, CancelBy, Plan, Stage, conclude, decide,
    event::*,
    permission,
    plan::{credit, driver_of, release as release_calendar, vehicle_of, withdraw},
};
use crate::domain::{
    cancellation::{
        CancelCause, CancelInput, CancellationPolicy, CancellationTerms, Progress, cancellation_terms,
        late_arrival_credit,
    },
    catalogue,
};
use interstate_eventing::{
    Context, Decision, Draft, Rejection,
    plant::{self, Bug},
    saga::Phase,
};
use interstate_schemas::{DriverId, Money, SignedDuration, Timestamp};

/// A driver waits so long before a rider counts as not come.
const NO_SHOW_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// What it would cost and give to end the booking now.
pub(super) fn terms(booking: &Booking, cause: CancelCause, now: Timestamp) -> CancellationTerms {
    let order = booking.ordered();
    // Past the pivot the capture is only a matter of time: the fee is kept from it.
    let captured = if booking.stage == Stage::PendingPayment && conclude::is_past_pivot(booking) {
        order.fare.advance
    } else {
        booking.captured
    };
    let input = CancelInput {
        cause,
        progress: progress(booking),
        at: now,
        booked_at: booking.booked_at,
        pickup_at: order.pickup_at,
        fare: order.fare.payable,
        advance: order.fare.advance,
        captured,
    };
    cancellation_terms(policy(booking), &input)
}

fn policy(booking: &Booking) -> &'static CancellationPolicy {
    let tariff = catalogue::tariff(&booking.ordered().tariff);
    &tariff
        .expect("a quote is made with a tariff of the catalogue")
        .cancellation
}

/// What the rider is credited where the driver comes now, and is late: at most once for a booking, however many drivers it has had.
pub(super) fn late_credit(booking: &Booking, now: Timestamp) -> Option<Money> {
    if booking.late_credited {
        return None;
    }
    let order = booking.ordered();
    let late = now.duration_since(order.pickup_at);
    let amount = late_arrival_credit(policy(booking), late, order.fare.payable, order.fare.advance);
    amount.is_positive().then_some(amount)
}

fn progress(booking: &Booking) -> Progress {
    match booking.stage {
        Stage::Assigned => Progress::Assigned,
        Stage::EnRoute => Progress::EnRoute,
        Stage::Arrived => match booking.waiting_from {
            Some(since) => Progress::Arrived { since },
            // An arrival says both. Nobody waits whose waiting has not begun.
            None => Progress::EnRoute,
        },
        Stage::PendingPayment if conclude::is_past_pivot(booking) => Progress::Assigned,
        _ => Progress::Unassigned,
    }
}

/// What a withdrawal would cost and give now; nothing happens.
pub(super) fn preview(
    booking: &Booking,
    cx: &Context<'_>,
    by: CancelBy,
) -> Result<Decision<BookingEvent>, Rejection> {
    let cause = permitted(booking, cx, by)?;
    Ok(Decision::nothing().reply(&terms(booking, cause, cx.now)))
}

/// Ends the booking. Before a pivot the saga turns back; after it, another one gives back what was taken.
pub(super) fn cancel(
    mut draft: Draft<Booking>,
    cx: &Context<'_>,
    by: CancelBy,
) -> Result<Decision<BookingEvent>, Rejection> {
    let state = draft.state();
    let cause = permitted(state, cx, by)?;
    if matches!(state.saga.phase, Phase::Unwinding { .. }) {
        return Err(Rejection::conflict(
            "booking-ending",
            "The booking is just being given up, and all of the payment goes back; nothing is left to cancel.",
        ));
    }
    let terms = end(&mut draft, cx, cause);
    Ok(draft.finish().reply(&terms))
}

/// Ends the booking for this cause; nothing that could be asked of it now forbids that.
pub(super) fn end(draft: &mut Draft<Booking>, cx: &Context<'_>, cause: CancelCause) -> CancellationTerms {
    let state = draft.state();
    let then = match (state.stage, conclude::is_past_pivot(state)) {
        (Stage::PendingPayment, false) | (Stage::Cancelled, _) => None,
        (Stage::PendingPayment, true) if plant::on(Bug::CancelDuringConfirmForgotten) => None,
        (Stage::Confirmed, _) => Some(Plan::Refund),
        _ => Some(Plan::Release),
    };
    let terms = terms(state, cause, cx.now);
    let is_over = state.saga.is_over();
    let credited = credit(state, terms.credit, None, "cancelled".to_owned());
    draft.emit(Box::new(Cancelled {
        by: cx.actor.clone(),
        terms: terms.clone(),
        then,
    }));
    if let Some(credited) = credited {
        draft.send(credited);
    }
    match then {
        Some(plan) if is_over => conclude::begin(draft, cx, plan),
        // Before the pivot this turns the saga back; past it nothing does, and `then` follows its end.
        _ => conclude::turn_back(draft, cx, "booking.cancelled"),
    }
    terms
}

/// The driver gives the trip back: the calendars are free again and another one is sought.
pub(super) fn release(
    mut draft: Draft<Booking>,
    cx: &Context<'_>,
    by: CancelBy,
) -> Result<Decision<BookingEvent>, Rejection> {
    let state = draft.state();
    let cause = permitted(state, cx, by)?;
    let Some(assignment) = state.assignment.clone() else {
        return Err(decide::not_assigned());
    };
    let terms = give_away(&mut draft, cx, assignment, cause);
    Ok(draft.finish().reply(&terms))
}

/// The driver may not drive any more. A trip that has not begun is given away, as if the driver had a valid reason
/// to give it back; while the assignment is still being made, that follows its end.
pub(super) fn driver_unavailable(
    draft: &mut Draft<Booking>,
    cx: &Context<'_>,
    driver: DriverId,
    search: u32,
) {
    let state = draft.state();
    let theirs = |assignment: &&Assignment| (assignment.driver, assignment.search) == (driver, search);
    let Some(assignment) = state.assignment.as_ref().filter(theirs).cloned() else {
        return;
    };
    match state.stage {
        Stage::Assigned | Stage::EnRoute | Stage::Arrived => {
            let excused = CancelCause::Driver { valid_reason: true };
            give_away(draft, cx, assignment, excused);
        }
        Stage::PendingPayment | Stage::Confirmed if state.driver_lost != Some(search) => {
            draft.emit(DriverLost { driver, search });
        }
        _ => {}
    }
}

/// The calendars are free again and another driver is sought.
pub(super) fn give_away(
    draft: &mut Draft<Booking>,
    cx: &Context<'_>,
    assignment: Assignment,
    cause: CancelCause,
) -> CancellationTerms {
    let state = draft.state();
    let terms = terms(state, cause, cx.now);
    // Releases and credits are never refused, so plain messages are enough; only what waits for an answer needs a saga.
    let reference = format!("released-{}", assignment.search);
    let fined = terms.driver_fine.is_positive().then_some(assignment.driver);
    let credited = credit(state, terms.credit, fined, reference);
    let released = [
        release_calendar(state, driver_of(&assignment)),
        release_calendar(state, vehicle_of(&assignment)),
        withdraw(state),
    ];
    let messages = released.into_iter().chain(credited);
    draft.emit(Box::new(DriverReleased {
        assignment,
        by: cx.actor.clone(),
        terms: terms.clone(),
    }));
    messages.for_each(|message| draft.send(message));
    conclude::open_search(draft, cx, Plan::Assign);
    terms
}

/// Who may withdraw as whom, and when.
fn permitted(booking: &Booking, cx: &Context<'_>, by: CancelBy) -> Result<CancelCause, Rejection> {
    match by {
        CancelBy::Rider { reason } => {
            permission::by_rider(booking, cx)?;
            // Whatever the rider says: nobody has come.
            let absent =
                booking.overdue_since.is_some() && matches!(booking.stage, Stage::Assigned | Stage::EnRoute);
            Ok(if absent {
                CancelCause::DriverNoShow
            } else {
                CancelCause::Rider { reason }
            })
        }
        CancelBy::Driver { valid_reason } => {
            permission::by_driver(booking, cx)?;
            if !matches!(booking.stage, Stage::Assigned | Stage::EnRoute) {
                return Err(Rejection::conflict(
                    "booking-driver-cannot-release",
                    "A driver can give a trip back only while it is assigned and before reporting at the pickup.",
                ));
            }
            // Drivers would excuse themselves.
            Ok(CancelCause::Driver {
                valid_reason: valid_reason && cx.actor.is_staff(),
            })
        }
        CancelBy::RiderNoShow => {
            permission::by_driver(booking, cx)?;
            match booking.waiting_from {
                Some(from) if cx.now.duration_since(from) >= NO_SHOW_AFTER => Ok(CancelCause::RiderNoShow),
                _ => Err(Rejection::conflict(
                    "booking-wait-longer",
                    "A rider counts as not come after 30 minutes of waiting at the pickup, from the agreed time on.",
                )),
            }
        }
        CancelBy::Operator | CancelBy::ForceMajeure if !cx.actor.is_staff() => {
            Err(if permission::may_see(booking, cx) {
                Rejection::forbidden("booking-not-yours", "Only the operator's staff may do that.")
            } else {
                decide::unknown()
            })
        }
        CancelBy::Operator => Ok(CancelCause::Operator),
        CancelBy::ForceMajeure => Ok(CancelCause::ForceMajeure),
    }
}
