//! What one class of vehicle costs.

use interstate_schemas::{Money, TripKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rates of one class. Amounts are before tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClassRates {
    /// A kilometre of a one-way or multi-city trip. Higher than a round trip's, because it carries the
    /// vehicle home empty.
    pub one_way_per_km: Money,
    /// Kilometres that a one-way trip pays for at least.
    pub one_way_minimum_km: u32,
    /// A kilometre of a round trip.
    pub round_trip_per_km: Money,
    /// Kilometres that each day of a round trip pays for at least.
    pub round_trip_minimum_km_per_day: u32,
    /// Kilometres that each day of a multi-city trip pays for at least.
    pub multi_city_minimum_km_per_day: u32,
    /// The driver's allowance for each calendar day that the trip touches.
    pub bata_per_day: Money,
    /// The driver's allowance for each night with driving.
    pub night: Money,
    /// A started hour beyond what was sold.
    pub extra_hour: Money,
    /// A day in the hills, flat.
    pub hill_day: Money,
    /// The local package of 8 hours and 80 km.
    pub eight_hours_eighty_km: Money,
}

impl ClassRates {
    /// What a kilometre costs, extra ones too.
    pub const fn per_km(&self, kind: TripKind) -> Money {
        match kind {
            TripKind::OneWay | TripKind::MultiCity => self.one_way_per_km,
            TripKind::RoundTrip => self.round_trip_per_km,
        }
    }

    /// The kilometres that a trip over so many calendar days pays for at least.
    pub const fn minimum_km(&self, kind: TripKind, days: u32) -> u32 {
        match kind {
            TripKind::OneWay => self.one_way_minimum_km,
            TripKind::RoundTrip => self.round_trip_minimum_km_per_day.saturating_mul(days),
            TripKind::MultiCity => self.multi_city_minimum_km_per_day.saturating_mul(days),
        }
    }
}
