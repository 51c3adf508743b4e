//! The legal moves of a booking. Whatever is not here is refused with the reason.

use super::{
    Booking, BookingCommand, BookingEvent, CancelBy, Order, Plan, Stage, cancel, conclude, event::*, finish,
    ladder, permission, travel,
};
use interstate_eventing::{
    Context, Decision, Draft, Rejection,
    plant::{self, Bug},
};
use interstate_schemas::Actor;

pub(super) fn decide(
    booking: &Booking,
    command: BookingCommand,
    cx: &Context<'_>,
) -> Result<Decision<BookingEvent>, Rejection> {
    use BookingCommand as Command;
    let mut draft = Draft::new(booking, cx);
    match (booking.stage, command) {
        (Stage::Unknown, Command::Book(order)) => {
            from_service(cx)?;
            book(&mut draft, cx, order);
        }
        // A quote becomes a booking once.
        (_, Command::Book(_)) => from_service(cx)?,
        (Stage::Unknown, Command::Step(_) | Command::Due { .. } | Command::DriverUnavailable { .. }) => {}
        (Stage::Unknown, _) => return Err(unknown()),

        // Answers that are late, repeated or of an earlier run change nothing: the engine knows.
        (_, Command::Step(reply)) => {
            from_service(cx)?;
            conclude::answered(&mut draft, cx, reply);
        }
        (_, Command::Due { deadline }) => conclude::due(&mut draft, cx, &deadline),

        (
            Stage::Assigned | Stage::EnRoute,
            Command::Cancel {
                by: by @ CancelBy::Driver { .. },
            },
        ) => {
            return cancel::release(draft, cx, by);
        }
        (
            Stage::PendingPayment | Stage::Confirmed | Stage::Assigned | Stage::EnRoute | Stage::Arrived,
            Command::Cancel { by },
        ) => return cancel::cancel(draft, cx, by),
        (Stage::Cancelled, Command::Cancel { by }) if plant::on(Bug::CancelComputedAgain) => {
            return cancel::cancel(draft, cx, by);
        }
        (
            Stage::PendingPayment | Stage::Confirmed | Stage::Assigned | Stage::EnRoute | Stage::Arrived,
            Command::PreviewCancel { by },
        ) => return cancel::preview(booking, cx, by),

        (Stage::Assigned, Command::Confirm) => ladder::confirm(&mut draft, cx)?,
        (Stage::Assigned, Command::SetOff) => ladder::set_off(&mut draft, cx)?,
        // Whoever is on the way, or there, has said so.
        (Stage::EnRoute | Stage::Arrived, Command::Confirm | Command::SetOff) => {
            permission::by_driver(booking, cx)?;
        }
        (Stage::Assigned | Stage::EnRoute, Command::Arrive) => travel::arrive(&mut draft, cx)?,
        // A second report of the same arrival.
        (Stage::Arrived, Command::Arrive) => permission::by_driver(booking, cx)?,
        (Stage::Arrived, Command::Start { code_matches, .. }) => {
            return travel::start(draft, cx, code_matches);
        }
        (Stage::OnTrip, Command::End(record)) => return finish::end(draft, cx, record),

        (Stage::Completed, Command::BalancePaid { amount, at }) => {
            from_service(cx)?;
            draft.emit(Closed {
                balance: amount,
                paid_at: at,
            });
        }
        (Stage::Closed, Command::BalancePaid { .. }) => from_service(cx)?,

        (_, Command::DriverUnavailable { driver, search }) => {
            from_service(cx)?;
            cancel::driver_unavailable(&mut draft, cx, driver, search);
        }

        (stage, command) => return Err(impossible(booking, stage, &command, cx)),
    }
    Ok(draft.finish())
}

fn book(draft: &mut Draft<Booking>, cx: &Context<'_>, order: Box<Order>) {
    let near = order.is_near(cx.now);
    draft.emit(Requested { order });
    if near {
        conclude::open_search(draft, cx, Plan::Near);
    } else {
        conclude::begin(draft, cx, Plan::Advance);
    }
}

/// Other services and the booking's own quote; never a person.
fn from_service(cx: &Context<'_>) -> Result<(), Rejection> {
    match cx.actor {
        Actor::Service(_) | Actor::System => Ok(()),
        Actor::User { .. } => Err(Rejection::forbidden(
            "booking-not-yours",
            "Only the platform's own services may say this.",
        )),
    }
}

pub(super) fn unknown() -> Rejection {
    Rejection::not_found("booking-unknown", "There is no such booking.")
}

/// Why a move is not possible, to those who may know of the booking.
fn impossible(booking: &Booking, stage: Stage, command: &BookingCommand, cx: &Context<'_>) -> Rejection {
    if !permission::may_see(booking, cx) {
        return unknown();
    }
    use BookingCommand as Command;
    match (stage, command) {
        (Stage::Cancelled, _) => Rejection::conflict(
            "booking-cancelled",
            "The booking has been cancelled; what is left of the payment goes back.",
        ),
        (Stage::Unfulfilled, _) => Rejection::conflict(
            "booking-unfulfilled",
            "No driver was found in time; the whole payment goes back.",
        ),
        (Stage::Lapsed, _) => Rejection::conflict(
            "booking-lapsed",
            "The advance was not paid in time, so the booking was given up; ask for a new quote.",
        ),
        (Stage::OnTrip, Command::Cancel { .. } | Command::PreviewCancel { .. }) => Rejection::conflict(
            "booking-under-way",
            "The trip has begun, so it can no longer be cancelled; it can be ended early.",
        ),
        (Stage::Completed | Stage::Closed, _) => Rejection::conflict(
            "booking-completed",
            "The trip is over and invoiced; a correction goes through support.",
        ),
        (Stage::PendingPayment | Stage::Confirmed, Command::Arrive | Command::Confirm | Command::SetOff) => {
            not_assigned()
        }
        (
            Stage::PendingPayment | Stage::Confirmed | Stage::Assigned | Stage::EnRoute,
            Command::Start { .. },
        ) => Rejection::conflict(
            "booking-driver-not-there",
            "The driver has not reported at the pickup yet; the trip starts after that.",
        ),
        (_, Command::End(_)) => {
            Rejection::conflict("booking-not-started", "The trip has not begun, so it cannot end.")
        }
        _ => Rejection::conflict("booking-under-way", "The trip has begun."),
    }
}

pub(super) fn not_assigned() -> Rejection {
    Rejection::conflict("booking-not-assigned", "No driver has this booking now.")
}
