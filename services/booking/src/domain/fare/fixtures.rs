//! Trips that tests price.

use super::{
    Discount, Driving, FareBreakdown, FareInput, Interval, KmBasis, LineCode, Recipient, StateEntry,
};
use crate::domain::tariff::BasisPoints;
use interstate_schemas::{Money, StateCode, Timestamp, TripKind, VehicleClass};

/// A moment on India's clock: `"2026-11-20T07:00"`.
pub fn ist(text: &str) -> Timestamp {
    format!("{text}:00+05:30").parse().unwrap()
}

pub fn interval(from: &str, to: &str) -> Interval {
    Interval {
        from: ist(from),
        to: ist(to),
    }
}

/// Ahmedabad to Udaipur in a sedan with an all-India permit.
pub fn ahmedabad_udaipur() -> FareInput {
    FareInput {
        class: VehicleClass::Sedan,
        kind: TripKind::OneWay,
        period: interval("2026-11-20T07:00", "2026-11-20T12:30"),
        leg_metres: vec![270_400],
        km_basis: KmBasis::Planned,
        factor: BasisPoints::ONE,
        extra_hours: 0,
        waits: Vec::new(),
        driving: Driving::Throughout,
        hill_days: 0,
        toll: Money::rupees(295),
        state_entry: StateEntry::CoveredByAitp,
        parking: Money::ZERO,
        discount: None,
        boarding_state: StateCode::GJ,
        recipient: Recipient::Unregistered,
        advance_paid: None,
    }
}

/// Three days around Karnataka in an SUV, as planned.
pub fn karnataka_planned() -> FareInput {
    FareInput {
        class: VehicleClass::Suv,
        kind: TripKind::RoundTrip,
        period: interval("2026-12-04T06:30", "2026-12-06T20:00"),
        leg_metres: vec![390_000, 390_000],
        driving: Driving::ByDay,
        toll: Money::rupees(610),
        state_entry: StateEntry::NoBorder,
        boarding_state: StateCode::KA,
        ..ahmedabad_udaipur()
    }
}

/// The same trip as it was driven: 48 km more than was paid for, one late evening, dearer tolls, parking.
pub fn karnataka_driven(quote: &FareBreakdown) -> FareInput {
    FareInput {
        leg_metres: vec![402_300, 147_250, 398_600],
        km_basis: KmBasis::AsBooked {
            quoted_km: quote.charged_km,
        },
        driving: Driving::During {
            intervals: vec![
                interval("2026-12-04T06:30", "2026-12-04T13:00"),
                interval("2026-12-05T18:00", "2026-12-05T22:40"),
                interval("2026-12-06T09:00", "2026-12-06T20:00"),
            ],
        },
        toll: Money::rupees(645),
        parking: Money::rupees(150),
        advance_paid: Some(quote.advance),
        ..karnataka_planned()
    }
}

/// Kochi, Munnar, Thekkady, Madurai for a business in Karnataka.
pub fn kochi_madurai() -> FareInput {
    FareInput {
        class: VehicleClass::PremiumSuv,
        kind: TripKind::MultiCity,
        period: interval("2026-11-21T08:00", "2026-11-22T17:00"),
        leg_metres: vec![128_400, 94_700, 139_600],
        factor: BasisPoints(11_500),
        driving: Driving::ByDay,
        hill_days: 2,
        toll: Money::inr(12_350),
        discount: Some(Discount {
            promotion: "HILLS500".to_owned(),
            amount: Money::rupees(500),
        }),
        boarding_state: StateCode::KL,
        recipient: Recipient::Registered { state: StateCode::KA },
        ..ahmedabad_udaipur()
    }
}

/// Codes and paise of all lines.
pub fn amounts(fare: &FareBreakdown) -> Vec<(LineCode, i64)> {
    fare.lines
        .iter()
        .map(|line| (line.code, line.amount.amount))
        .collect()
}
