//! The matrix, row by row. The booking is the sedan from Ahmedabad: ₹4,699, ₹940 paid in advance.

use super::{
    CancelCause, CancelInput, CancellationPolicy, CancellationReason as Reason, CancellationTerms, Progress,
    RiderReason, cancellation_terms, late_arrival_credit,
};
use interstate_schemas::{Money, SignedDuration, Timestamp};

const BY_RIDER: CancelCause = CancelCause::Rider {
    reason: RiderReason::ChangedPlans,
};

fn pickup() -> Timestamp {
    "2026-11-20T07:00:00+05:30".parse().unwrap()
}

/// A booking of a week ago with a driver, cancelled so many minutes before its pickup.
fn cancelled(cause: CancelCause, minutes_before: i64) -> CancelInput {
    CancelInput {
        cause,
        progress: Progress::Assigned,
        at: pickup() - SignedDuration::from_mins(minutes_before),
        booked_at: pickup() - SignedDuration::from_hours(7 * 24),
        pickup_at: pickup(),
        fare: Money::inr(469_900),
        advance: Money::inr(94_000),
        captured: Money::inr(94_000),
    }
}

fn aggregator(input: CancelInput) -> CancellationTerms {
    cancellation_terms(&CancellationPolicy::india_2026_11_aggregator(), &input)
}

fn contract(input: CancelInput) -> CancellationTerms {
    cancellation_terms(&CancellationPolicy::india_2026_11_contract(), &input)
}

#[test]
fn five_hours_before_the_pickup_with_a_driver() {
    let terms = aggregator(cancelled(BY_RIDER, 5 * 60));
    assert_eq!(
        (terms.reason, terms.minutes_to_pickup),
        (Reason::RiderByTime, 300)
    );
    assert_eq!(terms.fee, Money::inr(10_000));
    assert_eq!(
        (terms.fee_taxable, terms.fee_gst),
        (Money::inr(9_524), Money::inr(476))
    );
    assert_eq!(terms.refund, Money::inr(84_000));
    assert_eq!(terms.driver_gets, Money::inr(8_000));

    let terms = contract(cancelled(BY_RIDER, 5 * 60));
    assert_eq!(terms.fee, Money::inr(47_000));
    assert_eq!(
        (terms.fee_taxable, terms.fee_gst),
        (Money::inr(44_762), Money::inr(2_238))
    );
    assert_eq!(terms.refund, Money::inr(47_000));
    assert_eq!(terms.driver_gets, Money::inr(37_600));
}

#[test]
fn the_riders_fee_grows_towards_the_pickup() {
    let fees = |minutes| {
        let input = cancelled(BY_RIDER, minutes);
        (aggregator(input).fee.amount, contract(input).fee.amount)
    };
    assert_eq!(fees(24 * 60), (0, 0));
    assert_eq!(fees(24 * 60 - 1), (0, 23_500));
    assert_eq!(fees(6 * 60), (0, 23_500));
    assert_eq!(fees(6 * 60 - 1), (10_000, 47_000));
    assert_eq!(fees(2 * 60), (10_000, 47_000));
    assert_eq!(fees(2 * 60 - 1), (10_000, 70_500));
    assert_eq!(fees(-10), (10_000, 70_500));
    let no_show = cancelled(CancelCause::RiderNoShow, -60);
    assert_eq!(
        (aggregator(no_show).fee.amount, contract(no_show).fee.amount),
        (10_000, 94_000)
    );
    assert_eq!(aggregator(no_show).reason, Reason::RiderNoShow);
}

#[test]
fn a_small_fare_pays_a_tenth_and_not_the_cap() {
    let input = CancelInput {
        fare: Money::inr(52_300),
        ..cancelled(BY_RIDER, 180)
    };
    assert_eq!(aggregator(input).fee, Money::inr(5_230));
}

#[test]
fn a_driver_on_the_way_outweighs_the_clock() {
    let input = CancelInput {
        progress: Progress::EnRoute,
        ..cancelled(BY_RIDER, 7 * 60)
    };
    assert_eq!(
        (aggregator(input).fee, aggregator(input).reason),
        (Money::inr(10_000), Reason::RiderLate)
    );
    assert_eq!(contract(input).fee, Money::inr(70_500));
}

#[test]
fn soon_after_booking_a_rider_cancels_free_unless_the_pickup_is_near() {
    let booked = |before_pickup, minutes_ago| {
        let input = cancelled(BY_RIDER, before_pickup);
        contract(CancelInput {
            booked_at: input.at - SignedDuration::from_mins(minutes_ago),
            ..input
        })
    };
    assert_eq!(
        (booked(7 * 60, 30).fee, booked(7 * 60, 30).reason),
        (Money::ZERO, Reason::RiderInGrace)
    );
    assert_eq!(booked(7 * 60, 31).fee, Money::inr(23_500));
    assert_eq!(
        booked(6 * 60, 30).fee,
        Money::inr(23_500),
        "more than six hours, not six"
    );
}

#[test]
fn without_a_driver_nobody_is_compensated() {
    let input = CancelInput {
        progress: Progress::Unassigned,
        ..cancelled(BY_RIDER, 60)
    };
    assert_eq!(
        (aggregator(input).fee, aggregator(input).driver_gets),
        (Money::inr(10_000), Money::ZERO)
    );
}

#[test]
fn an_excused_rider_pays_nothing_under_either_profile() {
    for reason in [RiderReason::NotAsNamed, RiderReason::Medical, RiderReason::Unsafe] {
        let input = cancelled(CancelCause::Rider { reason }, 10);
        for terms in [aggregator(input), contract(input)] {
            assert_eq!(
                (terms.fee, terms.refund),
                (Money::ZERO, Money::inr(94_000)),
                "{reason:?}"
            );
        }
    }
}

#[test]
fn a_late_driver_is_an_excuse_by_the_clock_only() {
    let late = |minutes: i64, progress| {
        let input = cancelled(
            CancelCause::Rider {
                reason: RiderReason::DriverLate,
            },
            -minutes,
        );
        aggregator(CancelInput { progress, ..input })
    };
    let terms = late(31, Progress::EnRoute);
    assert_eq!(
        (terms.fee, terms.credit, terms.reason),
        (Money::ZERO, Money::inr(30_000), Reason::DriverLate)
    );
    assert_eq!(
        late(30, Progress::EnRoute).fee,
        Money::inr(10_000),
        "30 minutes are not more than 30"
    );
}

#[test]
fn a_driver_who_comes_late_costs_a_credit_and_after_an_hour_the_trip() {
    let policy = CancellationPolicy::india_2026_11_aggregator();
    let arrived = |minutes| pickup() + SignedDuration::from_mins(minutes);
    let credit = |minutes| {
        let late = SignedDuration::from_mins(minutes);
        late_arrival_credit(&policy, late, Money::inr(469_900), Money::ZERO)
    };
    assert_eq!((credit(-5), credit(30)), (Money::ZERO, Money::ZERO));
    assert_eq!(credit(31), Money::inr(30_000));
    let leaves = |minutes| {
        let reason = RiderReason::DriverLate;
        let input = CancelInput {
            progress: Progress::Arrived {
                since: arrived(minutes),
            },
            ..cancelled(CancelCause::Rider { reason }, -90)
        };
        let terms = aggregator(input);
        (terms.reason, terms.fee, terms.credit)
    };
    assert_eq!(
        leaves(-5),
        (Reason::RiderLate, Money::inr(10_000), Money::ZERO),
        "the driver is there, whatever the clock says"
    );
    assert_eq!(leaves(60), (Reason::RiderLate, Money::inr(10_000), Money::ZERO));
    assert_eq!(
        leaves(61),
        (Reason::DriverLate, Money::ZERO, Money::ZERO),
        "credited when the driver came"
    );
}

#[test]
fn a_driver_who_releases_without_reason_pays_the_rider() {
    let released = |valid_reason| cancelled(CancelCause::Driver { valid_reason }, 300);
    let terms = aggregator(released(false));
    assert_eq!(
        (terms.driver_fine, terms.credit),
        (Money::inr(10_000), Money::inr(10_000))
    );
    assert_eq!(
        (terms.refund, terms.lowers_driver_rank),
        (Money::inr(94_000), false)
    );
    assert!(contract(released(false)).lowers_driver_rank);
    let excused = contract(released(true));
    assert_eq!((excused.driver_fine, excused.credit), (Money::ZERO, Money::ZERO));
    assert_eq!(
        (excused.reason, excused.lowers_driver_rank),
        (Reason::DriverExcused, false)
    );
}

#[test]
fn an_operator_who_cancels_bears_at_least_what_the_rider_would() {
    let credit = |terms: CancellationTerms| {
        assert_eq!((terms.fee, terms.refund), (Money::ZERO, Money::inr(94_000)));
        terms.credit.amount
    };
    let by_operator = |minutes| cancelled(CancelCause::Operator, minutes);
    assert_eq!(credit(aggregator(by_operator(24 * 60))), 0);
    assert_eq!(credit(aggregator(by_operator(24 * 60 - 1))), 30_000);
    assert_eq!(
        credit(aggregator(by_operator(119))),
        46_990,
        "10 %, below the ₹500"
    );
    assert_eq!(
        credit(contract(by_operator(300))),
        47_000,
        "the contract's fee is more than ₹300"
    );
    assert_eq!(credit(contract(by_operator(60))), 70_500);
    let en_route = CancelInput {
        progress: Progress::EnRoute,
        ..by_operator(60)
    };
    assert_eq!(aggregator(en_route).driver_gets, Money::rupees(200));
    assert_eq!(aggregator(by_operator(60)).driver_gets, Money::ZERO);
}

#[test]
fn without_a_driver_the_rider_gets_all_back_and_a_credit() {
    for cause in [CancelCause::Unfulfilled, CancelCause::DriverNoShow] {
        let terms = aggregator(cancelled(cause, 180));
        assert_eq!(
            (terms.refund, terms.credit),
            (Money::inr(94_000), Money::inr(46_990))
        );
    }
}

#[test]
fn force_majeure_costs_nobody_a_fee_and_lets_the_trip_move() {
    let terms = contract(cancelled(CancelCause::ForceMajeure, 5));
    assert_eq!(
        (terms.fee, terms.refund, terms.credit),
        (Money::ZERO, Money::inr(94_000), Money::ZERO)
    );
    assert_eq!(terms.free_move_days, 90);
}

#[test]
fn a_fee_is_never_more_than_what_was_captured() {
    let input = CancelInput {
        captured: Money::ZERO,
        ..cancelled(BY_RIDER, 60)
    };
    assert_eq!(
        (aggregator(input).fee, aggregator(input).refund),
        (Money::ZERO, Money::ZERO)
    );
    let paid_whole = CancelInput {
        captured: Money::inr(469_900),
        ..cancelled(BY_RIDER, 300)
    };
    assert_eq!(
        contract(paid_whole).fee,
        Money::inr(47_000),
        "a share of the advance, not of all that was paid"
    );
}
