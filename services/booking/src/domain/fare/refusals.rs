//! Trips that have no price, and why.

use super::{Discount, Driving, FareError, FareInput, KmBasis, fixtures::*, price};
use crate::domain::tariff::{BasisPoints, FactorBounds, Tariff};
use interstate_schemas::{Money, StateCode, VehicleClass};

fn error(input: FareInput) -> FareError {
    price(&Tariff::india_2026_11(), &input).unwrap_err()
}

#[test]
fn a_state_tightens_the_factor_but_never_widens_it() {
    let mut tariff = Tariff::india_2026_11();
    let bounds = |lowest, highest| FactorBounds {
        lowest: BasisPoints(lowest),
        highest: BasisPoints(highest),
    };
    tariff
        .factor_by_state
        .insert(StateCode::GJ, bounds(7_500, 30_000));
    let refused = |factor| {
        price(
            &tariff,
            &FareInput {
                factor: BasisPoints(factor),
                ..ahmedabad_udaipur()
            },
        )
        .is_err_and(|error| error.code() == "FARE_FACTOR_OUT_OF_BOUNDS")
    };
    assert!(refused(7_499) && !refused(7_500));
    assert!(refused(20_001) && !refused(20_000));
}

#[test]
fn an_impossible_trip_is_refused_with_a_code() {
    let v1 = ahmedabad_udaipur;
    let code = |input| error(input).code();
    let reversed = interval("2026-11-20T12:00", "2026-11-20T11:00");
    assert_eq!(
        code(FareInput {
            period: reversed,
            ..v1()
        }),
        "FARE_PERIOD_REVERSED"
    );
    let month = interval("2026-11-01T12:00", "2026-12-01T11:00");
    assert_eq!(
        code(FareInput {
            period: month,
            ..v1()
        }),
        "FARE_TOO_MANY_DAYS"
    );
    assert_eq!(
        code(FareInput {
            leg_metres: vec![u64::MAX, 1],
            ..v1()
        }),
        "FARE_TOO_MANY_KM"
    );
    assert_eq!(
        code(FareInput {
            leg_metres: vec![10_000_500],
            ..v1()
        }),
        "FARE_TOO_MANY_KM"
    );
    let km_basis = KmBasis::AsBooked { quoted_km: u32::MAX };
    assert_eq!(code(FareInput { km_basis, ..v1() }), "FARE_TOO_MANY_KM");
    assert_eq!(
        code(FareInput { hill_days: 2, ..v1() }),
        "FARE_HILL_DAYS_EXCEED_TRIP"
    );
    assert_eq!(
        code(FareInput {
            extra_hours: 721,
            ..v1()
        }),
        "FARE_TOO_MUCH_TIME"
    );
    assert_eq!(
        code(FareInput {
            toll: Money::inr(-1),
            ..v1()
        }),
        "FARE_NEGATIVE_AMOUNT"
    );
    assert_eq!(
        code(FareInput {
            toll: Money::inr(i64::MAX),
            ..v1()
        }),
        "FARE_LINE_TOO_LARGE"
    );
    assert_eq!(
        code(FareInput {
            advance_paid: Some(Money::inr(-1)),
            ..v1()
        }),
        "FARE_NEGATIVE_ADVANCE"
    );
    let discount = Some(Discount {
        promotion: "ALL".to_owned(),
        amount: Money::inr(447_501),
    });
    let refusal = error(FareInput { discount, ..v1() });
    assert_eq!(
        refusal.to_string(),
        "a discount of ₹4,475.01 is more than the fare of ₹4,475.00"
    );
    let intervals = vec![interval("2026-11-20T06:59", "2026-11-20T08:00")];
    let driving = Driving::During { intervals };
    assert_eq!(code(FareInput { driving, ..v1() }), "FARE_DRIVING_OUTSIDE_TRIP");

    let mut tariff = Tariff::india_2026_11();
    tariff.rates.remove(&VehicleClass::Sedan);
    assert_eq!(
        price(&tariff, &v1()),
        Err(FareError::ClassNotSold(VehicleClass::Sedan))
    );
    let tariff = Tariff {
        time_zone: "Asia/Bombay-on-Sea".to_owned(),
        ..Tariff::india_2026_11()
    };
    assert_eq!(
        price(&tariff, &v1()).unwrap_err().code(),
        "FARE_UNKNOWN_TIME_ZONE"
    );
}
