//! A tariff: one version of the price rules, with the time in which quotes may use it.

use super::{
    BasisPoints, ClassRates, EarlyEndBand, FactorBounds, Limits, NightWindow, SettlementTerms, TaxTerms,
    Tolerance, WaitingTerms,
};
use crate::domain::cancellation::CancellationPolicy;
use interstate_schemas::{StateCode, Timestamp, TripKind, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The name of one version. A quote keeps it, and everything that follows from the quote is priced with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TariffVersion(pub String);

impl fmt::Display for TariffVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Under which rules the operator sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperatorProfile {
    /// A platform under the aggregator guidelines.
    Aggregator,
    /// A fleet that hires out its vehicles by contract.
    OperatorContract,
}

/// One version of the price rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tariff {
    /// Which one this is.
    pub version: TariffVersion,
    /// Under which rules the operator sells.
    pub profile: OperatorProfile,
    /// The first moment at which a quote may use it.
    pub valid_from: Timestamp,
    /// The first moment at which a quote may not use it any more; none: open.
    pub valid_until: Option<Timestamp>,
    /// The IANA zone whose calendar days and nights count.
    pub time_zone: String,
    /// The classes that are sold, and what they cost.
    pub rates: BTreeMap<VehicleClass, ClassRates>,
    /// Free kilometres beyond the quoted ones; a kind that is missing has none.
    pub extra_km_tolerance: BTreeMap<TripKind, Tolerance>,
    /// What a one-way trip that ends early pays besides what it did; empty: nothing.
    pub one_way_early_end: Vec<EarlyEndBand>,
    /// The hours of the night allowance.
    pub night: NightWindow,
    /// When waiting costs.
    pub waiting: WaitingTerms,
    /// Between which factors a fare may move.
    pub factor: FactorBounds,
    /// States that tighten those bounds, by where the rider boards.
    pub factor_by_state: BTreeMap<StateCode, FactorBounds>,
    /// GST on the fare.
    pub tax: TaxTerms,
    /// The part of the payable that is asked for at booking, rounded up to the rupee.
    pub advance: BasisPoints,
    /// How the fare is shared with the driver.
    pub settlement: SettlementTerms,
    /// What it costs to cancel.
    pub cancellation: CancellationPolicy,
    /// The largest trip that it prices.
    pub limits: Limits,
}

impl Tariff {
    /// Whether a quote that is made now may use it. What follows from a quote uses the quote's version,
    /// whenever that is.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.valid_from <= now && self.valid_until.is_none_or(|until| now < until)
    }

    /// The bounds of the factor for a rider who boards in `state`: the tighter of the tariff's and the
    /// state's.
    pub fn factor_bounds(&self, state: StateCode) -> FactorBounds {
        match self.factor_by_state.get(&state) {
            None => self.factor,
            Some(bounds) => FactorBounds {
                lowest: self.factor.lowest.max(bounds.lowest),
                highest: self.factor.highest.min(bounds.highest),
            },
        }
    }
}
