//! Who may do what with a booking, and to whom it does not exist.

use super::{Booking, decide};
use interstate_eventing::{Context, Rejection};

/// The driver who has the booking, or the operator's staff.
pub(super) fn by_driver(booking: &Booking, cx: &Context<'_>) -> Result<(), Rejection> {
    let message = "Only the driver who has this booking may do that.";
    only(drives(booking, cx), message, booking, cx)
}

/// The rider who booked, or the operator's staff.
pub(super) fn by_rider(booking: &Booking, cx: &Context<'_>) -> Result<(), Rejection> {
    let message = "Only the rider who booked may do that.";
    only(rides(booking, cx), message, booking, cx)
}

/// Those it is meant for, and staff. Others who have to do with the booking hear that it is not theirs.
fn only(meant: bool, message: &'static str, booking: &Booking, cx: &Context<'_>) -> Result<(), Rejection> {
    if meant || cx.actor.is_staff() {
        Ok(())
    } else if may_see(booking, cx) {
        Err(Rejection::forbidden("booking-not-yours", message))
    } else {
        Err(decide::unknown())
    }
}

/// Whether the actor has to do with the booking. To anybody else it does not exist.
pub(super) fn may_see(booking: &Booking, cx: &Context<'_>) -> bool {
    rides(booking, cx) || drives(booking, cx) || cx.actor.user().is_none() || cx.actor.is_staff()
}

fn rides(booking: &Booking, cx: &Context<'_>) -> bool {
    let order = booking.order.as_ref();
    order.is_some_and(|order| cx.actor.is_user(order.rider))
}

fn drives(booking: &Booking, cx: &Context<'_>) -> bool {
    let assignment = booking.assignment.as_ref();
    assignment.is_some_and(|assignment| cx.actor.is_user(assignment.user))
}
