//! The driver's way to the pickup: confirmations of a trip that was reserved long before, and setting off.
//!
//! Who took a trip days ahead may have forgotten it. Such a driver confirms it a day, six hours and two hours before
//! the pickup; a confirmation that is missing gives the trip to somebody else while there is still time. Who took it
//! within the last day has just said so.

use super::{Booking, Order, cancel, decide, event::*, permission};
use crate::domain::cancellation::CancelCause;
use interstate_eventing::{Context, Draft, Rejection};
use interstate_schemas::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the deadline of the next confirmation.
pub(super) const CONFIRMATION_MISSING: &str = "the driver has not confirmed";

/// Earlier than this before the reserved time nobody sets off: the way to the pickup is part of that time.
const EARLY: SignedDuration = SignedDuration::from_hours(1);

/// A confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// A day before the pickup.
    Day,
    /// Six hours before.
    SixHours,
    /// Two hours before; whoever has set off needs none.
    TwoHours,
}

/// A time that is over is noticed within moments; later than this, nobody was there to be told before.
const NOTICED_LATE: SignedDuration = SignedDuration::from_mins(5);

impl Rung {
    const ALL: [Self; 3] = [Self::Day, Self::SixHours, Self::TwoHours];

    /// Hours before the pickup from which on it is asked for, and at which it is missing.
    const fn hours(self) -> (i64, i64) {
        match self {
            Self::Day => (24, 20),
            Self::SixHours => (6, 5),
            Self::TwoHours => (2, 1),
        }
    }

    /// From when on it can be given.
    pub fn opens_at(self, pickup_at: Timestamp) -> Timestamp {
        before(pickup_at, self.hours().0)
    }

    /// When it is missing.
    pub fn missing_at(self, pickup_at: Timestamp) -> Timestamp {
        before(pickup_at, self.hours().1)
    }
}

fn before(pickup_at: Timestamp, hours: i64) -> Timestamp {
    pickup_at
        .saturating_sub(SignedDuration::from_hours(hours))
        .unwrap_or(Timestamp::MIN)
}

/// What a driver who gets the trip now has to confirm.
pub(super) fn confirmations(order: &Order, now: Timestamp) -> Vec<Rung> {
    if now < Rung::Day.opens_at(order.pickup_at) {
        Rung::ALL.to_vec()
    } else {
        Vec::new()
    }
}

/// The driver still comes.
pub(super) fn confirm(draft: &mut Draft<Booking>, cx: &Context<'_>) -> Result<(), Rejection> {
    let state = draft.state();
    permission::by_driver(state, cx)?;
    let pickup_at = state.ordered().pickup_at;
    let Some(rung) = state.confirms.first().copied() else {
        return Ok(());
    };
    if cx.now < rung.opens_at(pickup_at) {
        return Err(Rejection::conflict(
            "booking-confirm-later",
            format!(
                "The next confirmation is asked for from {} on.",
                rung.opens_at(pickup_at)
            ),
        ));
    }
    draft.emit(DriverConfirmed { rung, at: cx.now });
    Ok(())
}

/// The driver is on the way to the pickup.
pub(super) fn set_off(draft: &mut Draft<Booking>, cx: &Context<'_>) -> Result<(), Rejection> {
    let state = draft.state();
    permission::by_driver(state, cx)?;
    not_too_early(state, cx)?;
    draft.emit(SetOff { at: cx.now });
    Ok(())
}

/// Nobody is on the way, or there, long before the time that is reserved for it: what the rider pays for leaving and
/// what the driver has to confirm depend on it.
pub(super) fn not_too_early(booking: &Booking, cx: &Context<'_>) -> Result<(), Rejection> {
    let Some(assignment) = &booking.assignment else {
        return Err(decide::not_assigned());
    };
    let earliest = assignment
        .busy_from
        .saturating_sub(EARLY)
        .unwrap_or(Timestamp::MIN);
    if cx.now < earliest {
        return Err(Rejection::conflict(
            "booking-set-off-later",
            format!("The way to the pickup does not begin before {earliest}."),
        ));
    }
    Ok(())
}

/// A confirmation is missing: another driver is sought, as if this one had given the trip back without a reason. Who
/// could not confirm, because the platform itself was away when the time was over, owes nothing.
pub(super) fn unconfirmed(draft: &mut Draft<Booking>, cx: &Context<'_>) {
    let state = draft.state();
    let missing_at = state
        .confirms
        .first()
        .map(|rung| rung.missing_at(state.ordered().pickup_at));
    if let Some(assignment) = state.assignment.clone() {
        let was_away = missing_at.is_some_and(|at| cx.now.duration_since(at) > NOTICED_LATE);
        let cause = CancelCause::Driver {
            valid_reason: was_away,
        };
        cancel::give_away(draft, cx, assignment, cause);
    }
}
