//! A line of a fare: what, how much and from which figures. Sentences are made where people read them.

use super::StateTax;
use crate::domain::tariff::BasisPoints;
use interstate_schemas::{Money, StateCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a line is for, in the order in which lines are computed and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LineCode {
    /// Kilometres of the quote.
    Km,
    /// The factor of demand, on KM only.
    Dynamic,
    /// Kilometres beyond the quote and its tolerance.
    ExtraKm,
    /// Hours beyond what was sold.
    ExtraHour,
    /// Waiting beyond the free minutes.
    Waiting,
    /// The driver's daily allowance.
    Bata,
    /// The driver's allowance for nights with driving.
    Night,
    /// Hill days.
    Hill,
    /// Tolls, passed through.
    Toll,
    /// Taxes of other states, passed through.
    StateEntry,
    /// Parking, passed through.
    Parking,
    /// What the rider need not pay; negative.
    Discount,
    /// Central tax.
    Cgst,
    /// State tax.
    Sgst,
    /// Integrated tax.
    Igst,
    /// The difference to the whole rupee, untaxed.
    RoundOff,
}

impl LineCode {
    /// Whether it is spent on somebody else and recovered at cost.
    pub const fn is_pass_through(self) -> bool {
        matches!(self, Self::Toll | Self::StateEntry | Self::Parking)
    }

    /// Whether it is tax on the fare.
    pub const fn is_tax(self) -> bool {
        matches!(self, Self::Cgst | Self::Sgst | Self::Igst)
    }

    /// The code as it is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Km => "KM",
            Self::Dynamic => "DYNAMIC",
            Self::ExtraKm => "EXTRA_KM",
            Self::ExtraHour => "EXTRA_HOUR",
            Self::Waiting => "WAITING",
            Self::Bata => "BATA",
            Self::Night => "NIGHT",
            Self::Hill => "HILL",
            Self::Toll => "TOLL",
            Self::StateEntry => "STATE_ENTRY",
            Self::Parking => "PARKING",
            Self::Discount => "DISCOUNT",
            Self::Cgst => "CGST",
            Self::Sgst => "SGST",
            Self::Igst => "IGST",
            Self::RoundOff => "ROUND_OFF",
        }
    }
}

impl fmt::Display for LineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The figures that a line's amount follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Explanation {
    /// `km × unit_rate`.
    Kilometres {
        /// Charged.
        km: u32,
        /// Planned or driven.
        measured_km: u32,
        /// The least that such a trip pays for.
        minimum_km: u32,
        /// For one.
        unit_rate: Money,
    },
    /// `of × (factor − 1)`.
    DemandFactor {
        /// As frozen in the quote.
        factor: BasisPoints,
        /// The KM line.
        of: Money,
    },
    /// `km × unit_rate`, where `km = measured_km − quoted_km − free_km`.
    BeyondQuote {
        /// Charged.
        km: u32,
        /// Driven.
        measured_km: u32,
        /// Paid by the KM line.
        quoted_km: u32,
        /// The tolerance.
        free_km: u32,
        /// For one.
        unit_rate: Money,
    },
    /// `hours × unit_rate`.
    Hours {
        /// Started.
        hours: u32,
        /// For one.
        unit_rate: Money,
    },
    /// `charged_minutes × unit_rate`.
    WaitingBlocks {
        /// Waited, the free ones included.
        minutes: u32,
        /// In started blocks after the free ones.
        charged_minutes: u32,
        /// For a minute.
        unit_rate: Money,
    },
    /// `days × unit_rate`.
    Days {
        /// Calendar days in the tariff's zone.
        days: u32,
        /// For one.
        unit_rate: Money,
    },
    /// `nights × unit_rate`.
    Nights {
        /// With driving.
        nights: u32,
        /// For one.
        unit_rate: Money,
    },
    /// What was spent, or will be.
    AtCost {
        /// An estimate of a quote, not a record.
        estimated: bool,
    },
    /// Nothing to pay: the All India Tourist Permit has paid it.
    CoveredByAitp,
    /// The sum of what states take.
    StateTaxes {
        /// By state.
        taxes: Vec<StateTax>,
    },
    /// A promotion.
    Promotion {
        /// Its code.
        promotion: String,
    },
    /// `taxable × rate`.
    TaxRate {
        /// The rate.
        rate: BasisPoints,
        /// What it is taken on.
        taxable: Money,
        /// Where the supply takes place.
        place_of_supply: StateCode,
    },
    /// To the whole rupee.
    RoundedToRupee {
        /// The sum of all other lines.
        before: Money,
    },
}

/// One line. Lines sum to the payable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FareLine {
    /// What it is for.
    pub code: LineCode,
    /// How much.
    pub amount: Money,
    /// From which figures.
    pub explanation: Explanation,
}
