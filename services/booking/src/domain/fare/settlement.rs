//! What of a fare is the driver's. Payment turns these figures into postings; nothing here moves money.

use super::{FareBreakdown, LineCode};
use crate::domain::tariff::{BasisPoints, SettlementTerms};
use interstate_schemas::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose vehicle was driven, which decides the least share of the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VehicleOwner {
    /// The driver's own.
    Driver,
    /// The operator's.
    Operator,
}

/// Which tax is deducted at source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TdsStatus {
    /// A PAN is known: the normal rate.
    WithPan,
    /// No PAN: the high rate.
    WithoutPan,
    /// An individual below the yearly threshold: none.
    Exempt,
}

/// How one fare is divided. [`DriverSettlement::parts`] sum to what the rider pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriverSettlement {
    /// All lines before tax and discount: what the driver has sold or spent.
    pub gross: Money,
    /// The platform's share, before its own GST.
    pub commission: Money,
    /// What the platform gave up of its share so that the driver keeps the least that the rules allow.
    pub commission_given_up: Money,
    /// GST on the commission.
    pub commission_gst: Money,
    /// Income tax that is deducted and passed on in the driver's name.
    pub tds: Money,
    /// What the driver has earned, pass-throughs included.
    pub driver_due: Money,
    /// What the driver keeps of the fare without pass-throughs and tax; rounded down.
    pub driver_share: BasisPoints,
    /// The least that the rules allow for `driver_share`.
    pub minimum_share: BasisPoints,
    /// GST on the fare, which the platform pays.
    pub fare_tax: Money,
    /// The fare's rounding to the rupee.
    pub round_off: Money,
    /// Promotions, which the platform bears and not the driver; positive.
    pub discount_borne: Money,
}

impl DriverSettlement {
    /// What the parts sum to: the payable.
    pub fn parts(&self) -> Money {
        self.driver_due + self.commission + self.commission_gst + self.tds + self.fare_tax + self.round_off
            - self.discount_borne
    }

    /// What the driver is still owed after the cash that the rider handed over; below zero: the driver owes.
    pub fn owed_after_cash(&self, cash_collected: Money) -> Money {
        self.driver_due - cash_collected
    }
}

/// Divides a fare. The commission is lowered where it would leave the driver less than the rules allow,
/// as it would on a return leg that is sold below its base.
pub fn settle(
    terms: &SettlementTerms,
    fare: &FareBreakdown,
    owner: VehicleOwner,
    tds: TdsStatus,
) -> DriverSettlement {
    let is_before_tax = |code: LineCode| !code.is_tax() && code != LineCode::RoundOff;
    let discount_borne = -fare.amount(LineCode::Discount);
    let gross = fare.sum(is_before_tax) + discount_borne;
    let shared = gross - fare.sum(LineCode::is_pass_through);
    let minimum_share = match owner {
        VehicleOwner::Driver => terms.minimum_share_own_vehicle,
        VehicleOwner::Operator => terms.minimum_share_operator_vehicle,
    };
    let wanted = terms
        .commission
        .of(fare.sum(|code| terms.commission_on.contains(&code)));
    let commission = wanted
        .min(highest_commission(terms, shared, minimum_share))
        .max(Money::ZERO);
    let commission_gst = terms.commission_gst.of(commission);
    let tds = match tds {
        TdsStatus::WithPan => terms.tds.of(gross),
        TdsStatus::WithoutPan => terms.tds_without_pan.of(gross),
        TdsStatus::Exempt => Money::ZERO,
    };
    DriverSettlement {
        gross,
        commission,
        commission_given_up: wanted - commission,
        commission_gst,
        tds,
        driver_due: gross - commission - commission_gst - tds,
        driver_share: share(shared - commission - commission_gst, shared),
        minimum_share,
        fare_tax: fare.tax,
        round_off: fare.amount(LineCode::RoundOff),
        discount_borne,
    }
}

/// The commission that together with its GST takes no more than `1 − minimum` of the shared fare. Rounded
/// down, so that the GST's own rounding cannot take the missing paisa from the driver.
fn highest_commission(terms: &SettlementTerms, shared: Money, minimum: BasisPoints) -> Money {
    let whole = i128::from(BasisPoints::ONE.0);
    let left = whole - i128::from(minimum.0).min(whole);
    let deductible = (i128::from(shared.amount.max(0)) * left).div_euclid(whole);
    let commission = (deductible * whole).div_euclid(whole + i128::from(terms.commission_gst.0));
    Money {
        amount: i64::try_from(commission).unwrap_or(i64::MAX),
        ..shared
    }
}

fn share(kept: Money, of: Money) -> BasisPoints {
    if of.amount <= 0 {
        return BasisPoints::ONE;
    }
    let share = i128::from(kept.amount.max(0)) * i128::from(BasisPoints::ONE.0) / i128::from(of.amount);
    BasisPoints(u32::try_from(share).unwrap_or(u32::MAX))
}
