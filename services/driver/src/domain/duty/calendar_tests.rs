//! The life of a calendar, told.

use super::*;
use crate::domain::duty::entry::BlockReason;
use interstate_schemas::{BookingId, DutyId, SignedDuration};

fn hour(hour: i64) -> Timestamp {
    let midnight: Timestamp = "2026-11-20T00:00:00+05:30".parse().unwrap();
    midnight + SignedDuration::from_hours(hour)
}

/// On duty from `start` to `end`, then ten hours of rest.
fn duty(start: i64, end: i64) -> DutyPlan {
    DutyPlan {
        on_duty: Interval::new(hour(start), hour(end)).unwrap(),
        reserved: Interval::new(hour(start), hour(end + 10)).unwrap(),
        driving_minutes: Some(300),
    }
}

fn booking(name: &str, attempt: u32) -> Claim {
    Claim::booking(BookingId::derive(0, &[name.as_bytes()]), attempt)
}

const NOW: i64 = 0;

#[test]
fn a_second_trip_within_the_rest_of_the_first_is_refused_and_one_after_it_is_not() {
    let mut calendar = DutyCalendar::default();
    let (asha, ravi) = (booking("asha", 1), booking("ravi", 1));
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW)),
        Ok(Reserved::Taken)
    );

    let overlap = Overlap {
        with: asha,
        held: duty(8, 16).reserved,
    };
    assert_eq!(
        calendar.reserve(ravi, &duty(25, 30), Hold::Firm, hour(NOW)),
        Err(Refusal::Overlap { overlap })
    );
    assert_eq!(calendar.duties().len(), 1, "a refusal changes nothing");
    assert_eq!(
        calendar.reserve(ravi, &duty(26, 30), Hold::Firm, hour(NOW)),
        Ok(Reserved::Taken)
    );
}

#[test]
fn a_repeated_reservation_is_answered_and_not_made_twice() {
    let mut calendar = DutyCalendar::default();
    let asha = booking("asha", 1);
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW)),
        Ok(Reserved::Taken)
    );
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW)),
        Ok(Reserved::Already)
    );
    assert_eq!(
        calendar.reserve(asha, &duty(8, 17), Hold::Firm, hour(NOW)),
        Err(Refusal::AskedDifferently {
            asked: duty(8, 16).reserved
        })
    );
    // Also after the trip was made longer: the repeat is known by what it asked for.
    calendar.replan(asha, &duty(8, 18), hour(NOW)).unwrap();
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW)),
        Ok(Reserved::Already)
    );
    assert_eq!(calendar.of(asha.holder).unwrap().on_duty.end(), hour(18));
}

#[test]
fn a_release_that_overtakes_its_reservation_leaves_a_tombstone() {
    let mut calendar = DutyCalendar::default();
    assert_eq!(calendar.release(booking("asha", 1), hour(NOW)), Released::Nothing);
    assert_eq!(
        calendar.reserve(booking("asha", 1), &duty(8, 16), Hold::Firm, hour(NOW)),
        Err(Refusal::AlreadyReleased)
    );
    assert_eq!(
        calendar.reserve(booking("asha", 2), &duty(8, 16), Hold::Firm, hour(NOW)),
        Ok(Reserved::Taken),
        "the next attempt is another matter"
    );
    assert_eq!(
        calendar.release(booking("asha", 1), hour(NOW)),
        Released::Nothing,
        "a straggler"
    );
    assert!(calendar.of(booking("asha", 2).holder).is_some());
    assert_eq!(calendar.release(booking("asha", 2), hour(NOW)), Released::Freed);
    assert_eq!(calendar.release(booking("asha", 2), hour(NOW)), Released::Nothing);
}

#[test]
fn a_later_attempt_replaces_an_earlier_one_and_not_the_other_way_round() {
    let mut calendar = DutyCalendar::default();
    calendar
        .reserve(booking("asha", 1), &duty(8, 16), Hold::Firm, hour(NOW))
        .unwrap();
    calendar
        .reserve(booking("asha", 2), &duty(10, 18), Hold::Firm, hour(NOW))
        .unwrap();
    assert_eq!(calendar.duties().len(), 1);
    assert_eq!(
        calendar.reserve(booking("asha", 1), &duty(8, 16), Hold::Firm, hour(NOW)),
        Err(Refusal::Superseded { current: 2 })
    );
}

#[test]
fn a_tentative_duty_holds_for_its_minute_and_then_gives_way() {
    let mut calendar = DutyCalendar::default();
    let (asha, ravi) = (booking("asha", 1), booking("ravi", 1));
    let minute = hour(NOW) + SignedDuration::from_secs(60);
    let tentative = Hold::Tentative { expires_at: minute };
    calendar
        .reserve(asha, &duty(8, 16), tentative, hour(NOW))
        .unwrap();
    assert_eq!(calendar.next_expiry(), Some(minute));
    let early = minute - SignedDuration::from_nanos(1);
    assert!(
        calendar
            .may_reserve(ravi, &duty(9, 12), Hold::Firm, early)
            .is_err()
    );
    assert_eq!(
        calendar.reserve(ravi, &duty(9, 12), Hold::Firm, minute),
        Ok(Reserved::Taken)
    );
    let overlap = Overlap {
        with: ravi,
        held: duty(9, 12).reserved,
    };
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), Hold::Firm, minute),
        Err(Refusal::Overlap { overlap }),
        "its confirmation came too late"
    );
}

#[test]
fn a_confirmed_duty_no_longer_expires() {
    let mut calendar = DutyCalendar::default();
    let asha = booking("asha", 1);
    let tentative = Hold::Tentative { expires_at: hour(1) };
    calendar
        .reserve(asha, &duty(8, 16), tentative, hour(NOW))
        .unwrap();
    assert_eq!(
        calendar.start(asha),
        Err(Refusal::NotHeld),
        "not before it is firm"
    );
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW)),
        Ok(Reserved::Confirmed)
    );
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), tentative, hour(NOW)),
        Ok(Reserved::Already)
    );
    assert!(calendar.forget_expired(hour(5)).is_empty());
    assert_eq!(calendar.of(asha.holder).unwrap().state, DutyState::Reserved);
}

#[test]
fn a_trip_that_runs_late_is_closed_and_names_the_duty_that_must_be_given_away() {
    let mut calendar = DutyCalendar::default();
    let (asha, ravi) = (booking("asha", 1), booking("ravi", 1));
    calendar
        .reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW))
        .unwrap();
    calendar
        .reserve(ravi, &duty(27, 30), Hold::Firm, hour(NOW))
        .unwrap();
    calendar.start(asha).unwrap();

    let clash = calendar
        .close(asha, hour(19), hour(29), Some(400), hour(19))
        .unwrap()
        .unwrap();
    assert_eq!(clash.next.with, ravi);
    let driven = calendar.of(asha.holder).unwrap();
    assert_eq!(
        (driven.state, driven.on_duty.end()),
        (DutyState::Closed, hour(19))
    );
    assert_eq!(driven.reserved.end(), hour(27), "cut where the next begins");
    assert_eq!(driven.driving_minutes, Some(400));
    assert_eq!(
        calendar.close(asha, hour(22), hour(32), None, hour(22)),
        Ok(None),
        "a repeat"
    );
    assert_eq!(
        calendar.release(asha, hour(22)),
        Released::WasClosed,
        "hours driven stay"
    );
}

#[test]
fn a_trip_that_ends_early_frees_the_rest_of_its_time() {
    let mut calendar = DutyCalendar::default();
    let asha = booking("asha", 1);
    calendar
        .reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW))
        .unwrap();
    assert_eq!(calendar.close(asha, hour(12), hour(22), None, hour(12)), Ok(None));
    calendar
        .reserve(booking("ravi", 1), &duty(22, 24), Hold::Firm, hour(13))
        .unwrap();
}

#[test]
fn a_trip_that_ended_before_it_was_to_start_keeps_its_hours_whole() {
    let mut calendar = DutyCalendar::default();
    let asha = booking("asha", 1);
    calendar
        .reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW))
        .unwrap();
    calendar.close(asha, hour(7), hour(17), None, hour(7)).unwrap();
    let closed = calendar.of(asha.holder).unwrap();
    assert_eq!(
        (closed.on_duty, closed.reserved),
        (duty(8, 16).on_duty, duty(8, 16).reserved)
    );
}

#[test]
fn an_extension_that_reaches_into_the_next_duty_is_refused_whole() {
    let mut calendar = DutyCalendar::default();
    let (asha, ravi) = (booking("asha", 1), booking("ravi", 1));
    calendar
        .reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW))
        .unwrap();
    calendar
        .reserve(ravi, &duty(27, 30), Hold::Firm, hour(NOW))
        .unwrap();
    let overlap = Overlap {
        with: ravi,
        held: duty(27, 30).reserved,
    };
    assert_eq!(
        calendar.replan(asha, &duty(8, 18), hour(NOW)),
        Err(Refusal::Overlap { overlap })
    );
    assert_eq!(calendar.of(asha.holder).unwrap().on_duty.end(), hour(16));
    assert_eq!(calendar.replan(asha, &duty(8, 17), hour(NOW)), Ok(()));
}

#[test]
fn leave_keeps_trips_out_until_it_is_taken_back() {
    let mut calendar = DutyCalendar::default();
    let leave = Claim::block(DutyId::derive(0, &[b"diwali"]));
    let hold = Hold::Block {
        reason: BlockReason::Leave,
    };
    calendar.reserve(leave, &duty(0, 48), hold, hour(NOW)).unwrap();
    assert!(
        calendar
            .may_reserve(booking("asha", 1), &duty(8, 16), Hold::Firm, hour(NOW))
            .is_err()
    );
    assert_eq!(calendar.release(leave, hour(NOW)), Released::Freed);
    assert!(
        calendar
            .may_reserve(booking("asha", 1), &duty(8, 16), Hold::Firm, hour(NOW))
            .is_ok()
    );
}

#[test]
fn what_is_forgotten_does_not_come_back_by_a_repeat() {
    let mut calendar = DutyCalendar::default();
    let asha = booking("asha", 1);
    calendar
        .reserve(asha, &duty(8, 16), Hold::Firm, hour(NOW))
        .unwrap();
    calendar.close(asha, hour(9), hour(9), None, hour(9)).unwrap();

    calendar.prune(hour(20));
    assert_eq!(
        calendar.duties().len(),
        1,
        "closed early, but a repeat of what it asked for is still news"
    );
    calendar.prune(hour(26));
    assert!(calendar.duties().is_empty());
    assert_eq!(
        calendar.reserve(asha, &duty(8, 16), Hold::Firm, hour(400)),
        Err(Refusal::LongPast { before: hour(26) })
    );
}

#[test]
fn a_calendar_reads_back_from_json() {
    let mut calendar = DutyCalendar::default();
    calendar
        .reserve(booking("asha", 1), &duty(8, 16), Hold::Firm, hour(NOW))
        .unwrap();
    calendar.release(booking("ravi", 3), hour(NOW));
    let text = serde_json::to_string(&calendar).unwrap();
    assert_eq!(serde_json::from_str::<DutyCalendar>(&text).unwrap(), calendar);
}
