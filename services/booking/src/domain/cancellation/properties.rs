//! What holds for every cancellation.

use super::{CancelCause, CancelInput, CancellationPolicy, Progress, RiderReason, cancellation_terms};
use interstate_schemas::{Money, Timestamp};
use proptest::{prelude::*, sample::select};

fn causes() -> impl Strategy<Value = CancelCause> {
    let rider = |reason| CancelCause::Rider { reason };
    select(vec![
        rider(RiderReason::ChangedPlans),
        rider(RiderReason::DriverLate),
        rider(RiderReason::NotAsNamed),
        rider(RiderReason::Medical),
        rider(RiderReason::Unsafe),
        CancelCause::RiderNoShow,
        CancelCause::Driver { valid_reason: false },
        CancelCause::Driver { valid_reason: true },
        CancelCause::DriverNoShow,
        CancelCause::Operator,
        CancelCause::Unfulfilled,
        CancelCause::ForceMajeure,
    ])
}

fn stages() -> impl Strategy<Value = Progress> {
    prop_oneof![
        Just(Progress::Unassigned),
        Just(Progress::Assigned),
        Just(Progress::EnRoute),
        moments().prop_map(|since| Progress::Arrived { since }),
    ]
}

fn policies() -> impl Strategy<Value = CancellationPolicy> {
    select(vec![
        CancellationPolicy::india_2026_11_aggregator(),
        CancellationPolicy::india_2026_11_contract(),
    ])
}

/// Any moment, most of them within days of each other.
fn moments() -> impl Strategy<Value = Timestamp> {
    let all = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    prop_oneof![9 => 1_793_500_000..1_794_000_000_i64, 1 => all]
        .prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn paise() -> impl Strategy<Value = Money> {
    prop_oneof![9 => 0..5_000_000_i64, 1 => any::<i64>()].prop_map(Money::inr)
}

prop_compose! {
    fn cancellations()(
        (cause, progress) in (causes(), stages()),
        (at, booked_at, pickup_at) in (moments(), moments(), moments()),
        (fare, advance, captured) in (paise(), paise(), paise()),
    ) -> CancelInput {
        CancelInput { cause, progress, at, booked_at, pickup_at, fare, advance, captured }
    }
}

proptest! {
    #[test]
    fn fee_and_refund_are_what_was_captured(policy in policies(), input in cancellations()) {
        let terms = cancellation_terms(&policy, &input);
        prop_assert_eq!(terms.fee + terms.refund, input.captured.max(Money::ZERO));
        prop_assert_eq!(terms.fee_taxable + terms.fee_gst, terms.fee);
        let never_negative = [
            terms.fee, terms.fee_taxable, terms.fee_gst, terms.refund, terms.driver_gets, terms.driver_fine,
            terms.credit,
        ];
        prop_assert!(never_negative.iter().all(|amount| amount.amount >= 0), "{:?}", terms);
    }

    #[test]
    fn no_amount_passes_the_cap_of_its_rule(policy in policies(), input in cancellations()) {
        let terms = cancellation_terms(&policy, &input);
        if let Some(cap) = terms.rule.cap {
            prop_assert!(terms.fee.amount <= cap.amount && terms.credit.amount <= cap.amount, "{:?}", terms);
        }
        prop_assert!(terms.driver_fine.amount <= 10_000);
    }

    #[test]
    fn an_aggregators_rider_never_pays_more_than_a_hundred_rupees(input in cancellations()) {
        let terms = cancellation_terms(&CancellationPolicy::india_2026_11_aggregator(), &input);
        prop_assert!(terms.fee.amount <= 10_000);
    }

    #[test]
    fn only_a_rider_pays_a_fee_and_a_driver_gets_no_more_than_it(
        policy in policies(),
        input in cancellations(),
    ) {
        let terms = cancellation_terms(&policy, &input);
        if matches!(input.cause, CancelCause::Rider { .. } | CancelCause::RiderNoShow) {
            prop_assert!(terms.driver_gets.amount <= terms.fee.amount);
        } else {
            prop_assert_eq!(terms.fee, Money::ZERO);
        }
    }

    #[test]
    fn an_operator_bears_at_least_what_the_rider_would(policy in policies(), input in cancellations()) {
        let rider = CancelCause::Rider { reason: RiderReason::ChangedPlans };
        let riders = cancellation_terms(&policy, &CancelInput { cause: rider, ..input });
        let operators = cancellation_terms(&policy, &CancelInput { cause: CancelCause::Operator, ..input });
        prop_assert!(operators.credit.amount >= riders.fee.amount);
    }
}
