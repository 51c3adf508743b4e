//! The rules that the three whole trips do not meet.

use super::{
    Driving, FareInput, KmBasis, LineCode, Wait, WaitPlace,
    fixtures::*,
    price,
    settlement::{TdsStatus, VehicleOwner, settle},
};
use crate::domain::tariff::{BasisPoints, Tariff};
use interstate_schemas::{Money, StateCode, TripKind, VehicleClass};

fn line(input: FareInput, code: LineCode) -> i64 {
    price(&Tariff::india_2026_11(), &input)
        .unwrap()
        .amount(code)
        .amount
}

#[test]
fn a_short_one_way_pays_the_minimum_of_its_class() {
    let short = FareInput {
        leg_metres: vec![60_000],
        ..ahmedabad_udaipur()
    };
    assert_eq!(line(short.clone(), LineCode::Km), 130 * 1_400);
    let tempo = FareInput {
        class: VehicleClass::TempoTraveller,
        ..short
    };
    assert_eq!(line(tempo, LineCode::Km), 200 * 3_000);
}

#[test]
fn legs_are_summed_before_they_are_rounded() {
    let legs = |leg_metres| {
        line(
            FareInput {
                leg_metres,
                ..ahmedabad_udaipur()
            },
            LineCode::Km,
        ) / 1_400
    };
    assert_eq!(legs(vec![100_400, 100_400]), 201);
    assert_eq!(legs(vec![200_500]), 201);
    assert_eq!(legs(vec![200_499]), 200);
}

#[test]
fn extra_km_are_free_up_to_the_tolerance() {
    let extra = |kind, quoted_km, driven_km: u64| {
        let km_basis = KmBasis::AsBooked { quoted_km };
        let leg_metres = vec![driven_km * 1_000];
        line(
            FareInput {
                kind,
                km_basis,
                leg_metres,
                ..ahmedabad_udaipur()
            },
            LineCode::ExtraKm,
        )
    };
    assert_eq!(extra(TripKind::OneWay, 200, 205), 0);
    assert_eq!(extra(TripKind::OneWay, 200, 206), 1_400);
    assert_eq!(extra(TripKind::MultiCity, 500, 510), 0, "2 % of 500");
    assert_eq!(extra(TripKind::MultiCity, 500, 511), 1_400);
    assert_eq!(
        extra(TripKind::RoundTrip, 300, 301),
        1_200,
        "a round trip has none"
    );
    assert_eq!(
        extra(TripKind::OneWay, 200, 150),
        0,
        "a shorter way does not lower the quote"
    );
}

#[test]
fn an_early_end_pays_what_was_done_and_a_breakdown_no_minimum() {
    let ended = |tariff: &Tariff, km_basis, kind, driven_km: u64, to| {
        let period = interval("2026-11-20T07:00", to);
        let leg_metres = vec![driven_km * 1_000];
        let input = FareInput {
            km_basis,
            kind,
            leg_metres,
            period,
            ..ahmedabad_udaipur()
        };
        price(tariff, &input).unwrap().charged_km
    };
    let aggregator = Tariff::india_2026_11();
    let contract = Tariff::india_2026_11_contract();
    let (noon, next_day) = ("2026-11-20T12:00", "2026-11-21T12:00");
    let one_way = KmBasis::EndedEarly { quoted_km: 400 };
    assert_eq!(ended(&aggregator, one_way, TripKind::OneWay, 90, noon), 130);
    assert_eq!(ended(&aggregator, one_way, TripKind::OneWay, 210, noon), 210);
    assert_eq!(ended(&contract, one_way, TripKind::OneWay, 99, noon), 200);
    assert_eq!(ended(&contract, one_way, TripKind::OneWay, 100, noon), 300);
    assert_eq!(ended(&contract, one_way, TripKind::OneWay, 300, noon), 400);
    assert_eq!(
        ended(&aggregator, one_way, TripKind::OneWay, 401, noon),
        400,
        "a way longer than quoted has its tolerance, whoever ended it"
    );
    let round = KmBasis::EndedEarly { quoted_km: 900 };
    assert_eq!(ended(&aggregator, round, TripKind::RoundTrip, 350, next_day), 600);
    assert_eq!(
        ended(&aggregator, KmBasis::Abandoned, TripKind::RoundTrip, 42, next_day),
        42
    );
}

#[test]
fn days_are_those_of_the_tariffs_clock() {
    let days = |from, to| {
        let input = FareInput {
            period: interval(from, to),
            driving: Driving::ByDay,
            ..ahmedabad_udaipur()
        };
        price(&Tariff::india_2026_11(), &input).unwrap().days
    };
    assert_eq!(days("2026-11-20T01:00", "2026-11-20T23:00"), 1, "two days in UTC");
    assert_eq!(days("2026-11-20T23:30", "2026-11-21T00:30"), 2);
    assert_eq!(
        days("2026-11-20T12:00", "2026-11-21T00:00"),
        1,
        "midnight sharp does not touch the next"
    );
    assert_eq!(days("2026-12-30T12:00", "2027-01-02T12:00"), 4);
}

#[test]
fn a_night_is_paid_once_and_only_with_driving() {
    let nights = |from, to, driving| {
        let input = FareInput {
            period: interval(from, to),
            driving,
            ..ahmedabad_udaipur()
        };
        line(input, LineCode::Night) / 30_000
    };
    let throughout = || Driving::Throughout;
    assert_eq!(
        nights("2026-11-20T06:00", "2026-11-20T22:00", throughout()),
        0,
        "the edges are day"
    );
    assert_eq!(nights("2026-11-20T05:59", "2026-11-20T12:00", throughout()), 1);
    assert_eq!(nights("2026-11-20T20:00", "2026-11-20T22:01", throughout()), 1);
    assert_eq!(
        nights("2026-11-20T21:00", "2026-11-21T07:00", throughout()),
        1,
        "not one a calendar day"
    );
    assert_eq!(nights("2026-11-20T04:00", "2026-11-20T23:00", throughout()), 2);
    assert_eq!(nights("2026-11-20T04:00", "2026-11-22T23:00", Driving::ByDay), 2);
    assert_eq!(nights("2026-11-20T08:00", "2026-11-22T20:00", Driving::ByDay), 0);
    let intervals = vec![
        interval("2026-11-20T22:10", "2026-11-20T22:20"),
        interval("2026-11-21T05:00", "2026-11-21T05:30"),
    ];
    assert_eq!(
        nights(
            "2026-11-20T08:00",
            "2026-11-22T20:00",
            Driving::During { intervals }
        ),
        1
    );
}

#[test]
fn waiting_is_billed_in_started_blocks_after_the_free_minutes() {
    let waiting = |place, minutes| {
        let waits = vec![Wait { place, minutes }];
        line(
            FareInput {
                waits,
                ..ahmedabad_udaipur()
            },
            LineCode::Waiting,
        )
    };
    assert_eq!(waiting(WaitPlace::Pickup, 30), 0);
    assert_eq!(waiting(WaitPlace::Pickup, 31), 15 * 200);
    assert_eq!(waiting(WaitPlace::Pickup, 46), 30 * 200);
    assert_eq!(waiting(WaitPlace::AirportPickup, 60), 0);
    assert_eq!(waiting(WaitPlace::Meal, 45), 15 * 200);
}

#[test]
fn extra_hours_have_their_rate() {
    assert_eq!(
        line(
            FareInput {
                extra_hours: 3,
                ..ahmedabad_udaipur()
            },
            LineCode::ExtraHour
        ),
        45_000
    );
}

#[test]
fn as_a_pure_agent_the_operator_does_not_tax_tolls() {
    let mut tariff = Tariff::india_2026_11();
    tariff.tax.pass_through_taxed = false;
    let fare = price(&tariff, &ahmedabad_udaipur()).unwrap();
    assert_eq!(fare.taxable, Money::inr(418_000));
    assert_eq!(fare.amount(LineCode::Toll), Money::inr(29_500), "still recovered");
}

#[test]
fn a_supplier_of_one_state_bears_integrated_tax_elsewhere() {
    let mut tariff = Tariff::india_2026_11();
    tariff.tax.supplier_state = Some(StateCode::MH);
    let fare = price(&tariff, &ahmedabad_udaipur()).unwrap();
    assert_eq!(fare.amount(LineCode::Igst), Money::inr(22_375));
}

#[test]
fn a_return_leg_sold_cheaply_lowers_the_commission_not_the_drivers_share() {
    let tariff = Tariff::india_2026_11();
    let fare = price(
        &tariff,
        &FareInput {
            factor: BasisPoints(6_000),
            ..ahmedabad_udaipur()
        },
    )
    .unwrap();
    let settled = settle(&tariff.settlement, &fare, VehicleOwner::Driver, TdsStatus::Exempt);
    // 226,800 + 40,000 are shared; a fifth, 53,360, covers commission and its 18 %.
    assert_eq!(settled.commission, Money::inr(45_220));
    assert_eq!(settled.commission_given_up, Money::inr(11_480));
    assert_eq!(settled.driver_share, BasisPoints(8_000));
    assert_eq!((settled.tds, settled.parts()), (Money::ZERO, fare.payable));
    let employed = settle(
        &tariff.settlement,
        &fare,
        VehicleOwner::Operator,
        TdsStatus::WithoutPan,
    );
    assert_eq!(
        employed.commission_given_up,
        Money::ZERO,
        "60 % is enough with the operator's vehicle"
    );
    assert_eq!(employed.tds, Money::inr(14_815), "5 % of 296,300");
}

#[test]
fn a_tariff_and_a_fare_survive_being_stored() {
    let tariff = Tariff::india_2026_11_contract();
    let stored = serde_json::to_string(&tariff).unwrap();
    assert_eq!(serde_json::from_str::<Tariff>(&stored).unwrap(), tariff);
    let input = kochi_madurai();
    let stored = serde_json::to_string(&input).unwrap();
    assert_eq!(serde_json::from_str::<FareInput>(&stored).unwrap(), input);
    let fare = price(&tariff, &input).unwrap();
    let stored = serde_json::to_string(&fare).unwrap();
    assert_eq!(
        serde_json::from_str::<super::FareBreakdown>(&stored).unwrap(),
        fare
    );
    assert!(
        stored.contains(r#""code":"DYNAMIC""#) && stored.contains(r#""code":"DEMAND_FACTOR""#),
        "{stored}"
    );
}

#[test]
fn a_tariff_is_valid_from_its_first_moment_to_before_its_last() {
    let until = ist("2027-01-01T00:00");
    let tariff = Tariff {
        valid_until: Some(until),
        ..Tariff::india_2026_11()
    };
    assert!(!tariff.is_valid_at(ist("2026-10-31T23:59")) && tariff.is_valid_at(ist("2026-11-01T00:00")));
    assert!(tariff.is_valid_at(ist("2026-12-31T23:59")) && !tariff.is_valid_at(until));
}
