//! A trip that was begun and of which nothing more is heard: the driver's phone is off, or nobody came and nobody said
//! so. Its money and its calendars wait, so a person is called.

use super::{Booking, Stage, absent::later, conclude, event::SupportCaseOpened};
use interstate_eventing::{Context, Deadline, Draft};
use interstate_schemas::SignedDuration;

/// The name of the deadline.
pub(super) const SILENT: &str = "nobody says how the trip goes on";

/// Nobody waits so long at a pickup.
const AT_THE_PICKUP: SignedDuration = SignedDuration::from_hours(3);
/// Nobody is so late at the destination.
const ON_THE_TRIP: SignedDuration = SignedDuration::from_hours(6);

/// When a person is called, once.
pub(super) fn deadline(booking: &Booking) -> Option<Deadline> {
    if booking.case_opened {
        return None;
    }
    let (from, patience) = match booking.stage {
        Stage::Arrived => (booking.waiting_from?, AT_THE_PICKUP),
        // Who began late ends as much later.
        Stage::OnTrip => {
            let order = booking.ordered();
            let planned = order.ends_at.duration_since(order.pickup_at);
            (later(booking.started_at?, planned), ON_THE_TRIP)
        }
        _ => return None,
    };
    Some(Deadline::new(SILENT, later(from, patience)))
}

/// Calls a person. Whoever then says how it went on ends the case.
pub(super) fn call(draft: &mut Draft<Booking>, cx: &Context<'_>) {
    let awaited = match draft.state().stage {
        Stage::Arrived => "the start of the trip",
        _ => "the end of the trip",
    };
    draft.emit(SupportCaseOpened {
        case: conclude::case(cx),
        step: awaited.to_owned(),
        attempts: 0,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        booking::{BookingCommand, TripRecord, story::*},
        quote::tests::{MORNING, V1_PICKUP},
    };
    use interstate_eventing::fixture::{Story, Told};
    use interstate_schemas::{Actor, Timestamp};

    const CASE: &str = "booking.support_case_opened.v1";

    fn arrived() -> Story<Booking> {
        let assigned = booked(MORNING, V1_PICKUP).story().all_goes_well().story();
        assigned
            .at("2026-11-20T06:50:00+05:30")
            .when(as_driver(), BookingCommand::Arrive)
            .story()
    }

    fn due(story: Story<Booking>, at: &str) -> Told<Booking> {
        let deadline = SILENT.to_owned();
        story.at(at).when(Actor::System, BookingCommand::Due { deadline })
    }

    #[test]
    fn a_driver_who_waits_and_says_nothing_more_is_called_by_a_person_once() {
        let early = due(arrived(), "2026-11-20T09:59:59+05:30").then_nothing();
        let called = due(early, "2026-11-20T10:00:00+05:30").then_types(&[CASE]);
        due(called, "2026-11-20T12:00:00+05:30").then_nothing();
    }

    #[test]
    fn a_trip_that_nobody_ends_calls_a_person_and_whoever_ends_it_ends_the_case() {
        let start = BookingCommand::Start {
            code_matches: true,
            given: None,
        };
        let began = arrived().at(V1_PICKUP).when(as_driver(), start).story();
        let ends_at = began.state().ordered().ends_at;
        let silent_at = ends_at + ON_THE_TRIP;
        let due_at = |story: Story<Booking>, at: Timestamp| due(story, &at.to_string());
        let early = due_at(began, silent_at - SignedDuration::from_secs(1)).then_nothing();
        let called = due_at(early, silent_at).then_types(&[CASE]);
        let ended = called
            .when(as_driver(), BookingCommand::End(TripRecord::default()))
            .story();
        assert!(!ended.state().case_opened);
    }
}
