//! The figures of filters and rank. They are a version of the operator's policy and are kept with each record.

use interstate_schemas::{Money, StateCode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::Fuel;
use crate::domain::{
    documents::{DocumentPolicy, midnight},
    duty::{HoursPolicy, TravelPolicy},
    offers::OfferPolicy,
};

/// Everything that a search for a driver goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DispatchPolicy {
    /// Names these figures in records.
    pub version: String,
    /// Papers.
    pub documents: DocumentPolicy,
    /// Empty travel.
    pub travel: TravelPolicy,
    /// Driving and rest.
    pub hours: HoursPolicy,
    /// Offers.
    pub offers: OfferPolicy,
    /// The order of candidates.
    pub rank: RankPolicy,
    /// All India Tourist Permit.
    pub aitp: AitpPolicy,
    /// How old a vehicle may be; every row that applies counts.
    pub age_limits: Vec<AgeLimit>,
    /// Days that a challan may stand unpaid.
    pub challan_days: u32,
    /// Minutes without a sign of the built-in tracker (`own`).
    pub vltd_silence_minutes: u32,
    /// Minutes that a fix may be old.
    pub fix_minutes: u32,
    /// Minutes after the agreed time at which a driver still counts as punctual.
    pub pickup_tolerance_minutes: u32,
    /// A driver whose balance is at or below this gets no cash trips.
    pub cash_limit: Money,
}

impl Default for DispatchPolicy {
    fn default() -> Self {
        Self {
            version: "2026-11".into(),
            documents: DocumentPolicy::default(),
            travel: TravelPolicy::default(),
            hours: HoursPolicy::default(),
            offers: OfferPolicy::default(),
            rank: RankPolicy::default(),
            aitp: AitpPolicy::default(),
            // A state that has adopted the aggregators' 8 years is one more row.
            age_limits: vec![
                AgeLimit {
                    state: None,
                    fuel: None,
                    years: 15,
                },
                AgeLimit {
                    state: Some(StateCode::DL),
                    fuel: Some(Fuel::Diesel),
                    years: 10,
                },
            ],
            challan_days: 45,
            vltd_silence_minutes: 24 * 60,
            fix_minutes: 10,
            pickup_tolerance_minutes: 10,
            cash_limit: Money::rupees(-2_000),
        }
    }
}

/// The rules of the All India Tourist Permit as amended by G.S.R. 131(E).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AitpPolicy {
    /// Journeys that begin before are under the older rules, which had neither limit.
    pub in_force_from: Timestamp,
    /// Days that a vehicle may stay outside of its home state.
    pub days_outside: u32,
}

impl Default for AitpPolicy {
    fn default() -> Self {
        Self {
            in_force_from: midnight(jiff::civil::date(2026, 4, 1)),
            days_outside: 60,
        }
    }
}

/// How old a vehicle may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgeLimit {
    /// In which state; nothing for all.
    pub state: Option<StateCode>,
    /// On what fuel; nothing for any.
    pub fuel: Option<Fuel>,
    /// Years since the first registration.
    pub years: u32,
}

/// Weights, and the scale of each feature. Weights are in hundredths and sum to 100; see `rank` for features
/// that a candidate lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RankPolicy {
    /// Weight of few metres driven empty.
    pub dead_km_weight: u32,
    /// Weight of time to spare before the pickup.
    pub eta_slack_weight: u32,
    /// Weight of a drop that is nearer to home than the pickup.
    pub return_leg_weight: u32,
    /// Weight of promises kept.
    pub reliability_weight: u32,
    /// Weight of earning less than others of the class.
    pub fairness_weight: u32,
    /// Weight of the riders' rating.
    pub rating_weight: u32,
    /// Weight of experience with the corridor.
    pub corridor_weight: u32,
    /// Metres driven empty that are worth nothing (`own`).
    pub dead_metres_worst: u32,
    /// Minutes to spare that are worth everything (`own`).
    pub slack_minutes_best: u32,
    /// Mean share of promises kept, in millionths, that a driver with few is taken towards (`own`).
    pub mean_reliability: u32,
    /// How many promises that mean weighs (`own`).
    pub mean_reliability_count: u32,
    /// Trips on a corridor that are worth everything (`own`).
    pub corridor_trips_best: u32,
}

impl Default for RankPolicy {
    fn default() -> Self {
        Self {
            dead_km_weight: 30,
            eta_slack_weight: 20,
            return_leg_weight: 15,
            reliability_weight: 15,
            fairness_weight: 10,
            rating_weight: 5,
            corridor_weight: 5,
            dead_metres_worst: 60_000,
            slack_minutes_best: 60,
            mean_reliability: 900_000,
            mean_reliability_count: 10,
            corridor_trips_best: 10,
        }
    }
}
