//! A driver who does not come. First the rider may leave and is made good; where nobody says anything, the booking
//! ends by itself, so that no calendar and no money waits for a trip that will not begin.

use super::{Booking, Stage, cancel, event::DriverOverdue};
use crate::domain::cancellation::CancelCause;
use interstate_eventing::{Context, Deadline, Draft};
use interstate_schemas::{SignedDuration, Timestamp};

/// The name of the deadline from which on the rider may leave.
pub(super) const OVERDUE: &str = "the driver is overdue";
/// The name of the deadline at which the booking ends.
pub(super) const ABSENT: &str = "the driver has not come";

/// Who has not even set off so long after the agreed time is not on the way.
const NOT_SET_OFF: SignedDuration = SignedDuration::from_mins(30);
/// Who has set off is late, which the matrix has a row of its own for, and so much later overdue.
const ON_THE_WAY: SignedDuration = SignedDuration::from_mins(60);
/// Nobody waits longer than this …
const ENDS_AFTER: SignedDuration = SignedDuration::from_hours(3);
/// … nor shorter than this once it has been noticed: after an outage of ours, a driver who is there can say so first.
const NOTICE: SignedDuration = SignedDuration::from_mins(60);

/// What a booking whose driver is not at the pickup waits for.
pub(super) fn deadline(booking: &Booking) -> Option<Deadline> {
    let patience = match booking.stage {
        Stage::Assigned => NOT_SET_OFF,
        Stage::EnRoute => ON_THE_WAY,
        _ => return None,
    };
    // Who was found after the agreed time is expected from then on.
    let pickup_at = booking.ordered().pickup_at;
    let expected = booking.assigned_at.map_or(pickup_at, |at| at.max(pickup_at));
    Some(match booking.overdue_since {
        None => Deadline::new(OVERDUE, later(expected, patience)),
        Some(since) => Deadline::new(ABSENT, later(expected, ENDS_AFTER).max(later(since, NOTICE))),
    })
}

pub(super) fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// From now on the rider may leave.
pub(super) fn overdue(draft: &mut Draft<Booking>, cx: &Context<'_>) {
    draft.emit(DriverOverdue { at: cx.now });
}

/// The booking ends, as if the rider had left.
pub(super) fn ends(draft: &mut Draft<Booking>, cx: &Context<'_>) {
    cancel::end(draft, cx, CancelCause::DriverNoShow);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        booking::{BookingCommand, BookingEvent, CancelBy, story::*},
        cancellation::{CancellationReason, CancellationTerms, RiderReason},
        quote::tests::{MORNING, V1_PICKUP, as_rider},
    };
    use interstate_eventing::fixture::{Story, Told};
    use interstate_schemas::{Actor, Money};

    fn assigned() -> Story<Booking> {
        booked(MORNING, V1_PICKUP).story().all_goes_well().story()
    }

    fn set_off() -> Story<Booking> {
        assigned()
            .at("2026-11-20T06:30:00+05:30")
            .when(as_driver(), BookingCommand::SetOff)
            .story()
    }

    fn due(story: Story<Booking>, at: &str, name: &str) -> Told<Booking> {
        let deadline = name.to_owned();
        story.at(at).when(Actor::System, BookingCommand::Due { deadline })
    }

    fn leaves() -> BookingCommand {
        let reason = RiderReason::ChangedPlans;
        BookingCommand::Cancel {
            by: CancelBy::Rider { reason },
        }
    }

    fn terms(told: &Told<Booking>) -> CancellationTerms {
        match &told.decided().events[0] {
            BookingEvent::Cancelled(cancelled) => cancelled.terms.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rider_whose_driver_has_not_set_off_leaves_with_everything_and_a_credit() {
        let early = due(assigned(), "2026-11-20T07:29:59+05:30", OVERDUE).then_nothing();
        let fee = terms(&early.clone().when(as_rider(), leaves())).fee;
        assert!(fee.is_positive(), "before, leaving costs what it always does");
        let story =
            due(early, "2026-11-20T07:30:00+05:30", OVERDUE).then_types(&["booking.driver_overdue.v1"]);
        let told = story.when(as_rider(), leaves());
        let terms = terms(&told);
        assert_eq!(terms.reason, CancellationReason::DriverNoShow);
        assert_eq!(
            (terms.fee, terms.refund, terms.credit),
            (Money::ZERO, Money::inr(94_000), Money::inr(46_990))
        );
        assert!(asked(&told).contains(&"payment Credit".to_owned()));
    }

    #[test]
    fn who_has_set_off_is_given_an_hour() {
        let story = due(set_off(), "2026-11-20T07:59:59+05:30", OVERDUE).then_nothing();
        due(story, "2026-11-20T08:00:00+05:30", OVERDUE).then_types(&["booking.driver_overdue.v1"]);
    }

    #[test]
    fn a_driver_who_comes_after_all_finds_a_booking_as_it_was() {
        let story =
            due(set_off(), "2026-11-20T08:00:00+05:30", OVERDUE).then_types(&["booking.driver_overdue.v1"]);
        let told = story.when(as_driver(), BookingCommand::Arrive);
        assert_eq!(asked(&told), ["payment Credit"], "for the delay");
        let story = told.story();
        let waits = story.deadlines();
        assert!(
            waits
                .iter()
                .all(|waiting| ![OVERDUE, ABSENT].contains(&&*waiting.name)),
            "{waits:?}"
        );
        let terms = terms(&story.when(as_rider(), leaves()));
        assert_eq!(terms.reason, CancellationReason::RiderLate);
    }

    #[test]
    fn a_booking_that_nobody_comes_to_ends_by_itself_and_holds_nothing() {
        let story =
            due(assigned(), "2026-11-20T07:30:00+05:30", OVERDUE).then_types(&["booking.driver_overdue.v1"]);
        let story = due(story, "2026-11-20T09:59:59+05:30", ABSENT).then_nothing();
        let told = due(story, "2026-11-20T10:00:00+05:30", ABSENT);
        assert_eq!(terms(&told).reason, CancellationReason::DriverNoShow);
        assert_eq!(asked(&told), ["payment Credit", "calendar Release"]);
        assert_eq!(told.story().state().stage(), Stage::Cancelled);
    }

    #[test]
    fn after_an_outage_a_driver_who_is_there_can_say_so_first() {
        let story =
            due(assigned(), "2026-11-20T10:05:00+05:30", OVERDUE).then_types(&["booking.driver_overdue.v1"]);
        let story = due(story, "2026-11-20T11:04:59+05:30", ABSENT).then_nothing();
        let told = due(story, "2026-11-20T11:05:00+05:30", ABSENT);
        assert_eq!(terms(&told).reason, CancellationReason::DriverNoShow);
    }

    #[test]
    fn who_sets_off_late_is_given_the_rest_of_the_hour() {
        let story =
            due(assigned(), "2026-11-20T07:30:00+05:30", OVERDUE).then_types(&["booking.driver_overdue.v1"]);
        let story = story.when(as_driver(), BookingCommand::SetOff).story();
        let terms = terms(&story.clone().when(as_rider(), leaves()));
        assert_eq!(terms.reason, CancellationReason::RiderLate);
        due(story, "2026-11-20T08:00:00+05:30", OVERDUE).then_types(&["booking.driver_overdue.v1"]);
    }

    #[test]
    fn a_rider_who_has_gone_from_a_driver_who_came_hours_late_pays_nothing() {
        let there = |at: &str| {
            assigned()
                .at(at)
                .when(as_driver(), BookingCommand::Arrive)
                .story()
        };
        let by = CancelBy::RiderNoShow;
        let no_show =
            |story: Story<Booking>, at| terms(&story.at(at).when(as_driver(), BookingCommand::Cancel { by }));
        let late = no_show(there("2026-11-20T09:00:00+05:30"), "2026-11-20T09:30:00+05:30");
        assert_eq!(
            (late.reason, late.fee),
            (CancellationReason::DriverLate, Money::ZERO)
        );
        let in_time = no_show(there("2026-11-20T07:00:00+05:30"), "2026-11-20T07:30:00+05:30");
        assert_eq!(in_time.reason, CancellationReason::RiderNoShow);
    }

    #[test]
    fn who_is_found_after_the_agreed_time_is_expected_from_then_on() {
        let story = assigned()
            .at("2026-11-20T07:20:00+05:30")
            .when(
                as_driver(),
                BookingCommand::Cancel {
                    by: CancelBy::Driver { valid_reason: true },
                },
            )
            .story()
            .found()
            .story()
            .both_reserved()
            .story();
        assert_eq!(story.state().stage(), Stage::Assigned);
        assert_eq!(story.deadlines()[0].due.to_string(), "2026-11-20T02:20:00Z");
    }
}
