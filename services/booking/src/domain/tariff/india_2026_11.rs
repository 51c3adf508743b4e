//! The tariff that ships: the Indian market of November 2026. An operator publishes its own version of it.

use super::{
    BasisPoints, ClassRates, EarlyEndBand, FactorBounds, Limits, NightWindow, OperatorProfile,
    SettlementTerms, Tariff, TariffVersion, TaxTerms, Tolerance, WaitingTerms,
};
use crate::domain::{cancellation::CancellationPolicy, fare::LineCode};
use interstate_schemas::{Money, TripKind, VehicleClass};
use jiff::civil::Time;
use std::collections::{BTreeMap, BTreeSet};

impl Tariff {
    /// The rules of a platform under the aggregator guidelines.
    pub fn india_2026_11() -> Self {
        Self {
            version: TariffVersion("india-2026-11".to_owned()),
            profile: OperatorProfile::Aggregator,
            valid_from: "2026-11-01T00:00:00+05:30".parse().expect("a literal timestamp"),
            valid_until: None,
            time_zone: "Asia/Kolkata".to_owned(),
            rates: rates(),
            extra_km_tolerance: tolerances(),
            one_way_early_end: Vec::new(),
            night: NightWindow {
                from: Time::constant(22, 0, 0, 0),
                until: Time::constant(6, 0, 0, 0),
            },
            waiting: WaitingTerms {
                free_at_pickup: 30,
                free_at_airport: 60,
                free_at_meal: 30,
                block: 15,
                per_minute: Money::rupees(2),
            },
            factor: FactorBounds {
                lowest: BasisPoints(5_000),
                highest: BasisPoints(20_000),
            },
            factor_by_state: BTreeMap::new(),
            tax: TaxTerms {
                sac: "996412".to_owned(),
                cgst: BasisPoints(250),
                sgst: BasisPoints(250),
                igst: BasisPoints(500),
                pass_through_taxed: true,
                supplier_state: None,
            },
            advance: BasisPoints::percent(20),
            settlement: settlement(),
            cancellation: CancellationPolicy::india_2026_11_aggregator(),
            limits: Limits {
                trip_km: 10_000,
                trip_days: 30,
                line: Money::rupees(1_000_000),
            },
        }
    }

    /// The rules of a fleet that hires out by contract: the same rates, its own cancellation bands, and a
    /// share of the quoted kilometres when a one-way trip ends early.
    pub fn india_2026_11_contract() -> Self {
        let band = |below, charged| EarlyEndBand {
            below: BasisPoints::percent(below),
            charged: BasisPoints::percent(charged),
        };
        let mut tariff = Self::india_2026_11();
        tariff.version = TariffVersion("india-2026-11-contract".to_owned());
        tariff.profile = OperatorProfile::OperatorContract;
        tariff.one_way_early_end = vec![band(25, 50), band(75, 75), band(100, 100)];
        tariff.tax.sac = "996601".to_owned();
        tariff.cancellation = CancellationPolicy::india_2026_11_contract();
        tariff
    }
}

/// One row of the table. Every figure is in rupees, the one-way minimum in kilometres.
#[rustfmt::skip]
fn rates() -> BTreeMap<VehicleClass, ClassRates> {
    let row = |one_way, minimum_km, round, bata, night, hour, hill, package| ClassRates {
        one_way_per_km: Money::rupees(one_way),
        one_way_minimum_km: minimum_km,
        round_trip_per_km: Money::rupees(round),
        round_trip_minimum_km_per_day: 300,
        multi_city_minimum_km_per_day: 180,
        bata_per_day: Money::rupees(bata),
        night: Money::rupees(night),
        extra_hour: Money::rupees(hour),
        hill_day: Money::rupees(hill),
        eight_hours_eighty_km: Money::rupees(package),
    };
    BTreeMap::from([
        //                              one way  min km  round  bata  night  hour  hill  8 h/80 km
        (VehicleClass::Hatchback,      row(12,   130,    11,    300,  250,   120,  300,  1_800)),
        (VehicleClass::Sedan,          row(14,   130,    12,    400,  300,   150,  300,  2_200)),
        (VehicleClass::Suv,            row(18,   130,    15,    400,  300,   200,  400,  2_900)),
        (VehicleClass::PremiumSuv,     row(24,   130,    19,    500,  400,   250,  450,  3_800)),
        (VehicleClass::TempoTraveller, row(30,   200,    25,    600,  500,   350,  600,  6_000)),
    ])
}

fn tolerances() -> BTreeMap<TripKind, Tolerance> {
    let larger_of_5_km_and_2_percent = Tolerance {
        km: 5,
        share: BasisPoints::percent(2),
    };
    BTreeMap::from([
        (TripKind::OneWay, larger_of_5_km_and_2_percent),
        (TripKind::MultiCity, larger_of_5_km_and_2_percent),
        (TripKind::RoundTrip, Tolerance::default()),
    ])
}

fn settlement() -> SettlementTerms {
    SettlementTerms {
        commission: BasisPoints::percent(15),
        commission_on: BTreeSet::from([LineCode::Km]),
        commission_gst: BasisPoints::percent(18),
        tds: BasisPoints(10),
        tds_without_pan: BasisPoints::percent(5),
        minimum_share_own_vehicle: BasisPoints::percent(80),
        minimum_share_operator_vehicle: BasisPoints::percent(60),
    }
}
