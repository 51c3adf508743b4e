//! Who may do what with a booking, and to whom it does not exist.

use super::{Booking, decide};
use interstate_eventing::{Context, Rejection};

/// The driver who has the booking, or the operator's staff.
pub(super) fn by_driver(booking: &Booking, cx: &Context<'_>) -> Result<(), Rejection> {
    let drives = booking
        .assignment
        .as_ref()
        .is_some_and(|assignment| cx.actor.is_user(assignment.user));
    if drives || cx.actor.is_staff() {
        Ok(())
    } else if may_see(booking, cx) {
        Err(Rejection::forbidden(
            "booking-not-yours",
            "Only the driver who has this booking may do that.",
        ))
    } else {
        Err(decide::unknown())
    }
}

/// The rider who booked, or the operator's staff.
pub(super) fn by_rider(booking: &Booking, cx: &Context<'_>) -> Result<(), Rejection> {
    if cx.actor.is_user(booking.ordered().rider) || cx.actor.is_staff() {
        Ok(())
    } else if may_see(booking, cx) {
        Err(Rejection::forbidden(
            "booking-not-yours",
            "Only the rider who booked may do that.",
        ))
    } else {
        Err(decide::unknown())
    }
}

/// Whether the actor has to do with the booking. To anybody else it does not exist.
pub(super) fn may_see(booking: &Booking, cx: &Context<'_>) -> bool {
    let rides = booking
        .order
        .as_ref()
        .is_some_and(|order| cx.actor.is_user(order.rider));
    let drives = booking
        .assignment
        .as_ref()
        .is_some_and(|assignment| cx.actor.is_user(assignment.user));
    rides || drives || cx.actor.user().is_none() || cx.actor.is_staff()
}
