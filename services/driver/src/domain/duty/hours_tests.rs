//! Drivers who have driven enough.

use super::*;
use crate::domain::duty::{BlockReason, Claim, Hold};
use interstate_schemas::{BookingId, DutyId};

fn hour(hour: i64) -> Timestamp {
    midnight("2026-11-20".parse().unwrap()) + SignedDuration::from_hours(hour)
}

fn work(start: i64, end: i64, driving_hours: Option<u32>) -> DutyPlan {
    let on_duty = Interval::new(hour(start), hour(end)).unwrap();
    DutyPlan {
        on_duty,
        reserved: on_duty,
        driving_minutes: driving_hours.map(|hours| hours * 60),
    }
}

fn calendar(duties: &[DutyPlan]) -> DutyCalendar {
    let mut calendar = DutyCalendar::default();
    for (name, plan) in (0u8..).zip(duties) {
        let claim = Claim::booking(BookingId::derive(0, &[&[name]]), 1);
        calendar.reserve(claim, plan, Hold::Firm, hour(0)).unwrap();
    }
    calendar
}

fn fit(duties: &[DutyPlan], plan: &DutyPlan) -> DutyFit {
    DutyFit::of(&calendar(duties), plan, &HoursPolicy::default(), hour(0))
}

#[test]
fn ten_hours_between_two_duties_are_enough_and_nine_are_not_before_or_after() {
    let yesterday = work(0, 8, Some(4));
    assert_eq!(fit(&[yesterday], &work(18, 20, Some(1))).rest, HoursCheck::Kept);
    let short = HoursCheck::Broken {
        actual: 540,
        limit: 600,
    };
    assert_eq!(fit(&[yesterday], &work(17, 20, Some(1))).rest, short);
    assert_eq!(fit(&[work(29, 33, Some(1))], &work(17, 20, Some(1))).rest, short);
    assert_eq!(fit(&[], &work(17, 20, Some(1))).rest, HoursCheck::Kept);
}

#[test]
fn leave_is_not_work_but_nobody_can_have_its_time() {
    let mut calendar = DutyCalendar::default();
    let leave = Claim::block(DutyId::derive(0, &[b"leave"]));
    let hold = Hold::Block {
        reason: BlockReason::Leave,
    };
    calendar.reserve(leave, &work(0, 8, None), hold, hour(0)).unwrap();
    let fit = DutyFit::of(&calendar, &work(7, 9, Some(1)), &HoursPolicy::default(), hour(0));
    assert_eq!(fit.overlap.unwrap().with, leave);
    assert_eq!((fit.rest, fit.day), (HoursCheck::Kept, HoursCheck::Kept));
}

#[test]
fn ten_hours_of_driving_within_any_twenty_four_are_the_limit() {
    let morning = work(0, 8, Some(6));
    assert_eq!(fit(&[morning], &work(18, 23, Some(4))).day, HoursCheck::Kept);
    assert_eq!(
        fit(&[morning], &work(18, 23, Some(5))).day,
        HoursCheck::Broken {
            actual: 660,
            limit: 600
        }
    );
    assert_eq!(
        fit(&[morning], &work(28, 33, Some(5))).day,
        HoursCheck::Kept,
        "24 h later is another day"
    );
}

#[test]
fn a_trip_of_three_days_is_driven_on_each_of_them() {
    assert_eq!(
        fit(&[], &work(8, 8 + 60, Some(20))).day,
        HoursCheck::Kept,
        "8 h in any 24 of 60"
    );
    assert_eq!(
        fit(&[], &work(8, 8 + 60, Some(30))).day,
        HoursCheck::Kept,
        "10 h on each of the three days"
    );
    let too_much = fit(&[], &work(8, 8 + 60, Some(31))).day;
    assert_eq!(
        too_much,
        HoursCheck::Broken {
            actual: 744,
            limit: 600
        }
    );
}

#[test]
fn a_trip_with_its_night_halt_can_be_driven_by_one_driver() {
    // As quotes plan them: ten hours a day, half an hour after five, and 14 h 30 min from day to day.
    for (driving, on_duty) in [(12, 27), (20, 36), (24, 54), (37, 81)] {
        let fit = fit(&[], &work(0, on_duty, Some(driving)));
        assert_eq!(fit.day, HoursCheck::Kept, "{driving} h");
    }
    assert!(matches!(
        fit(&[], &work(0, 20, Some(12))).day,
        HoursCheck::Broken { .. }
    ));
    // What else is driven on the days before and after counts.
    assert!(matches!(
        fit(&[work(0, 8, Some(9))], &work(18, 45, Some(12))).day,
        HoursCheck::Broken { .. }
    ));
}

#[test]
fn a_stay_of_a_week_has_free_days_and_a_week_at_the_wheel_has_none() {
    let days = |length: i64, driving| work(8, length * 24 - 4, Some(driving));
    assert_eq!(fit(&[], &days(10, 20)).free_day, HoursCheck::Kept);
    assert_eq!(
        fit(&[], &days(7, 61)).free_day,
        HoursCheck::Broken { actual: 7, limit: 6 }
    );
    let before: Vec<_> = (0..6)
        .map(|day| work(day * 24 + 8, day * 24 + 10, Some(1)))
        .collect();
    assert_eq!(
        fit(&before, &work(6 * 24 + 8, 16 * 24 - 4, Some(20))).free_day,
        HoursCheck::Broken { actual: 7, limit: 6 }
    );
}

#[test]
fn forty_eight_hours_of_driving_a_week_are_the_limit() {
    let week: Vec<_> = (0..5).map(|day| work(day * 24, day * 24 + 10, Some(8))).collect();
    assert_eq!(
        fit(&week, &work(5 * 24, 5 * 24 + 10, Some(8))).week,
        HoursCheck::Kept
    );
    assert_eq!(
        fit(&week, &work(5 * 24, 5 * 24 + 10, Some(9))).week,
        HoursCheck::Broken {
            actual: 49 * 60,
            limit: 48 * 60
        }
    );
    assert_eq!(
        fit(&week, &work(8 * 24, 8 * 24 + 10, Some(9))).week,
        HoursCheck::Kept
    );
}

#[test]
fn the_seventh_day_in_a_row_is_refused_even_when_it_closes_a_gap() {
    let day = |day: i64| work(day * 24 + 8, day * 24 + 10, Some(1));
    let six: Vec<_> = (0..6).map(day).collect();
    assert_eq!(
        fit(&six, &day(6)).free_day,
        HoursCheck::Broken { actual: 7, limit: 6 }
    );
    assert_eq!(fit(&six, &day(7)).free_day, HoursCheck::Kept);
    let gap: Vec<_> = [0, 1, 2, 4, 5, 6].into_iter().map(day).collect();
    assert_eq!(
        fit(&gap, &day(3)).free_day,
        HoursCheck::Broken { actual: 7, limit: 6 }
    );
}

#[test]
fn a_duty_without_driving_time_makes_the_sum_unknown_unless_it_is_broken_anyway() {
    let unknown = work(0, 4, None);
    assert_eq!(fit(&[unknown], &work(14, 20, Some(4))).day, HoursCheck::NoInput);
    assert!(matches!(
        fit(&[unknown], &work(14, 26, Some(11))).day,
        HoursCheck::Broken { .. }
    ));
    assert_eq!(
        fit(&[unknown], &work(30, 34, Some(4))).day,
        HoursCheck::Kept,
        "out of reach of 24 h"
    );
}
