//! What holds for every trip.

use super::{
    Discount, Driving, FareInput, Interval, KmBasis, LineCode, Recipient, StateEntry, StateTax, Wait,
    WaitPlace, differences,
    fixtures::{ahmedabad_udaipur, ist},
    price,
    settlement::{TdsStatus, VehicleOwner, settle},
};
use crate::domain::tariff::{BasisPoints, Tariff};
use interstate_schemas::{Money, SignedDuration, StateCode, Timestamp, TripKind, VehicleClass};
use proptest::{collection::vec, option, prelude::*, sample::select};

fn kinds() -> impl Strategy<Value = TripKind> {
    select(vec![TripKind::OneWay, TripKind::RoundTrip, TripKind::MultiCity])
}

fn states() -> impl Strategy<Value = StateCode> {
    select(StateCode::ALL)
}

fn recipients() -> impl Strategy<Value = Recipient> {
    prop_oneof![
        Just(Recipient::Unregistered),
        states().prop_map(|state| Recipient::Registered { state })
    ]
}

fn entries() -> impl Strategy<Value = StateEntry> {
    let tax = (states(), 0..900_000_i64).prop_map(|(state, paise)| StateTax {
        state,
        amount: Money::inr(paise),
    });
    prop_oneof![
        Just(StateEntry::NoBorder),
        Just(StateEntry::CoveredByAitp),
        vec(tax, 0..4).prop_map(|taxes| StateEntry::Taxed { taxes }),
    ]
}

fn bases() -> impl Strategy<Value = KmBasis> {
    prop_oneof![
        Just(KmBasis::Planned),
        (0..5_000_u32).prop_map(|quoted_km| KmBasis::AsBooked { quoted_km }),
        (0..5_000_u32).prop_map(|quoted_km| KmBasis::EndedEarly { quoted_km }),
        Just(KmBasis::Abandoned),
    ]
}

prop_compose! {
    fn periods()(start in 0..525_600_i64, minutes in 0..20_000_i64) -> Interval {
        let from = ist("2026-11-01T00:00") + SignedDuration::from_mins(start);
        Interval { from, to: from + SignedDuration::from_mins(minutes) }
    }
}

prop_compose! {
    /// A trip that the tariff prices: a discount of at most the smallest fare.
    fn trips()(
        (class, kind, period) in (select(VehicleClass::ALL.to_vec()), kinds(), periods()),
        (leg_metres, km_basis, factor) in (vec(0..900_000_u64, 0..6), bases(), 5_000..=20_000_u32),
        (extra_hours, wait, by_day) in (0..20_u32, 0..400_u32, any::<bool>()),
        (toll, parking, discount) in (0..500_000_i64, 0..99_999_i64, option::of(0..30_000_i64)),
        (state_entry, boarding_state, recipient) in (entries(), states(), recipients()),
        advance_paid in option::of(0..900_000_i64),
    ) -> FareInput {
        FareInput {
            class, kind, period, leg_metres, km_basis, extra_hours, state_entry, boarding_state, recipient,
            factor: BasisPoints(factor),
            waits: vec![Wait { place: WaitPlace::Pickup, minutes: wait }],
            driving: if by_day { Driving::ByDay } else { Driving::Throughout },
            hill_days: 1,
            toll: Money::inr(toll),
            parking: Money::inr(parking),
            discount: discount.map(|paise| Discount { promotion: "P".to_owned(), amount: Money::inr(paise) }),
            advance_paid: advance_paid.map(Money::inr),
        }
    }
}

prop_compose! {
    /// Anything that the types allow.
    fn anything()(
        (from, to) in (any::<i64>(), any::<i64>()),
        (leg_metres, km_basis, factor) in (vec(any::<u64>(), 0..4), bases(), any::<u32>()),
        (extra_hours, minutes, hill_days) in (any::<u32>(), vec(any::<u32>(), 0..3), any::<u32>()),
        (toll, parking, discount) in (any::<i64>(), any::<i64>(), option::of(any::<i64>())),
        advance in option::of(any::<i64>()),
        plain in trips(),
        extremes in vec(any::<bool>(), 9),
    ) -> FareInput {
        // Most fields of one trip stay plain, so that the extreme ones are reached and not all refused first.
        let mut trip = plain;
        let moment = |second: i64| {
            let (least, most) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
            Timestamp::from_second(second.clamp(least, most)).unwrap()
        };
        if extremes[0] { trip.period = Interval { from: moment(from), to: moment(to) }; }
        if extremes[1] { trip.leg_metres = leg_metres; }
        if extremes[2] { trip.km_basis = km_basis; }
        if extremes[3] { trip.factor = BasisPoints(factor); }
        if extremes[4] { trip.extra_hours = extra_hours; }
        if extremes[5] {
            trip.waits = minutes.into_iter().map(|minutes| Wait { place: WaitPlace::Meal, minutes }).collect();
        }
        if extremes[6] { trip.hill_days = hill_days; }
        if extremes[7] { (trip.toll, trip.parking) = (Money::inr(toll), Money::inr(parking)); }
        if extremes[8] {
            trip.discount = discount
                .map(|paise| Discount { promotion: String::new(), amount: Money::inr(paise) });
            trip.advance_paid = advance.map(Money::inr);
        }
        trip
    }
}

fn total(lines: &[super::FareLine]) -> Money {
    lines.iter().map(|line| line.amount).sum()
}

proptest! {
    #[test]
    fn lines_sum_to_a_payable_in_whole_rupees(trip in trips()) {
        let fare = price(&Tariff::india_2026_11(), &trip).unwrap();
        prop_assert_eq!(total(&fare.lines), fare.payable);
        prop_assert_eq!(fare.payable.amount % 100, 0);
        prop_assert!(fare.amount(LineCode::RoundOff).amount.abs() <= 50);
        prop_assert_eq!(fare.advance + fare.balance, fare.payable);
        prop_assert!(fare.lines.is_sorted_by(|before, after| before.code < after.code), "{:?}", fare.lines);
        if trip.advance_paid.is_none() {
            prop_assert!(fare.advance.amount <= fare.payable.amount && fare.advance.amount * 5 >= fare.payable.amount);
        }
    }

    #[test]
    fn both_kinds_of_tax_take_the_same_to_a_paisa(trip in trips()) {
        let tariff = Tariff::india_2026_11();
        let inside = FareInput { recipient: Recipient::Unregistered, ..trip.clone() };
        let state = if trip.boarding_state == StateCode::GJ { StateCode::RJ } else { StateCode::GJ };
        let across = FareInput { recipient: Recipient::Registered { state }, ..trip };
        let inside = price(&tariff, &inside).unwrap();
        let across = price(&tariff, &across).unwrap();
        prop_assert!((inside.tax - across.tax).amount.abs() <= 1);
        prop_assert_eq!(inside.amount(LineCode::Cgst), inside.amount(LineCode::Sgst));
        prop_assert_eq!(across.amount(LineCode::Igst), across.tax);
    }

    #[test]
    fn a_longer_way_never_costs_less(trip in trips(), more in 0..200_000_u64) {
        // A contract's early end is left out: there, less driven is a smaller share of the same quote.
        let tariff = Tariff::india_2026_11();
        let longer = FareInput { leg_metres: [trip.leg_metres.clone(), vec![more]].concat(), ..trip.clone() };
        let payable = |trip| price(&tariff, trip).unwrap().payable.amount;
        prop_assert!(payable(&longer) >= payable(&trip));
    }

    #[test]
    fn differences_sum_to_the_difference_of_the_payables(quoted in trips(), invoiced in trips()) {
        let tariff = Tariff::india_2026_11();
        let (quote, invoice) = (price(&tariff, &quoted).unwrap(), price(&tariff, &invoiced).unwrap());
        let deltas: Money = differences(&quote, &invoice).iter().map(super::Difference::delta).sum();
        prop_assert_eq!(deltas, invoice.payable - quote.payable);
    }

    #[test]
    fn a_settlement_gives_away_exactly_the_payable_and_the_driver_keeps_his_least(
        trip in trips(),
        owner in select(vec![VehicleOwner::Driver, VehicleOwner::Operator]),
        tds in select(vec![TdsStatus::WithPan, TdsStatus::WithoutPan, TdsStatus::Exempt]),
    ) {
        let tariff = Tariff::india_2026_11();
        let fare = price(&tariff, &trip).unwrap();
        let settled = settle(&tariff.settlement, &fare, owner, tds);
        prop_assert_eq!(settled.parts(), fare.payable);
        prop_assert!(settled.driver_share >= settled.minimum_share, "{:?}", settled);
        prop_assert!(settled.commission.amount >= 0 && settled.commission_given_up.amount >= 0);
    }

    #[test]
    fn no_input_panics_and_every_refusal_has_a_code(trip in anything()) {
        match price(&Tariff::india_2026_11(), &trip) {
            Ok(fare) => prop_assert_eq!(total(&fare.lines), fare.payable),
            Err(error) => prop_assert!(error.code().starts_with("FARE_")),
        }
    }
}

#[test]
fn the_ends_of_the_calendar_are_refused() {
    let tariff = Tariff::india_2026_11();
    for moment in [Timestamp::MIN, Timestamp::MAX] {
        for driving in [Driving::Throughout, Driving::ByDay] {
            let period = Interval {
                from: moment,
                to: moment,
            };
            let error = price(
                &tariff,
                &FareInput {
                    period,
                    driving,
                    ..ahmedabad_udaipur()
                },
            )
            .unwrap_err();
            assert_eq!(error.code(), "FARE_DATE_OUT_OF_RANGE");
        }
    }
}
