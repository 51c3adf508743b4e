//! The figures of a cancellation policy.

use crate::domain::tariff::BasisPoints;
use interstate_schemas::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a charge is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChargeBase {
    /// The quote's payable.
    Fare,
    /// The quote's advance.
    Advance,
}

/// A share of the fare or of the advance, with a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// What it is a share of.
    pub of: ChargeBase,
    /// The share.
    pub share: BasisPoints,
    /// The most that it may be; none: no cap.
    pub cap: Option<Money>,
}

impl Charge {
    /// Nothing.
    pub const FREE: Self = Self {
        of: ChargeBase::Fare,
        share: BasisPoints(0),
        cap: None,
    };

    /// A share of the fare up to a cap.
    pub const fn of_fare(share: BasisPoints, cap: Money) -> Self {
        Self {
            of: ChargeBase::Fare,
            share,
            cap: Some(cap),
        }
    }

    /// A share of the advance.
    pub const fn of_advance(share: BasisPoints) -> Self {
        Self {
            of: ChargeBase::Advance,
            share,
            cap: None,
        }
    }

    /// How much, never below zero.
    pub fn amount(&self, fare: Money, advance: Money) -> Money {
        let base = match self.of {
            ChargeBase::Fare => fare,
            ChargeBase::Advance => advance,
        };
        let share = self.share.of(base.max(Money::ZERO));
        self.cap.map_or(share, |cap| share.min(cap))
    }
}

/// What a rider pays with at least so many minutes to the pickup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RiderBand {
    /// The band's lower end, included.
    pub at_least_minutes: i64,
    /// The fee.
    pub fee: Charge,
}

/// What a rider is credited with at least so many minutes to the pickup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditBand {
    /// The band's lower end, included.
    pub at_least_minutes: i64,
    /// The credit.
    pub credit: Charge,
}

/// The figures of the cancellation matrix. Fees include GST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancellationPolicy {
    /// Minutes after booking in which a rider cancels free …
    pub grace_minutes: i64,
    /// … where the pickup is more than so many minutes away.
    pub grace_needs_more_than_minutes: i64,
    /// What a rider pays, the earliest band first.
    pub rider_bands: Vec<RiderBand>,
    /// What a rider pays below the last band, or with the driver on the way.
    pub rider_late: Charge,
    /// What a rider pays who does not come.
    pub rider_no_show: Charge,
    /// What of a rider's fee, as charged, the driver gets who was assigned.
    pub driver_share: BasisPoints,
    /// Minutes after the pickup from which a rider may leave free because the driver is late.
    pub driver_late_minutes: i64,
    /// What a rider is credited whose driver is later than that, who leaves for it or is fetched after all.
    pub driver_late_credit: Charge,
    /// Minutes after the pickup from which a rider may leave free even though the late driver has come.
    pub arrived_late_minutes: i64,
    /// What a driver pays to the rider for releasing without a valid reason.
    pub driver_fine: Charge,
    /// Whether such a release also lowers the driver's rank.
    pub driver_release_lowers_rank: bool,
    /// What a rider is credited when the operator cancels, the earliest band first.
    pub operator_bands: Vec<CreditBand>,
    /// What a rider is credited when the operator cancels below the last band.
    pub operator_late: Charge,
    /// What a driver gets who was on the way when the operator cancelled.
    pub stand_down: Money,
    /// What a rider is credited when no driver was found or the driver did not come.
    pub unfulfilled_credit: Charge,
    /// Days in which a trip that force majeure prevented may be moved free.
    pub free_move_days: u32,
    /// GST that a fee includes.
    pub fee_gst: BasisPoints,
}
