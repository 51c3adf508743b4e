//! The rules of a tariff that do not depend on the class of vehicle.

use super::BasisPoints;
use crate::domain::fare::LineCode;
use interstate_schemas::{Money, StateCode};
use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The hours of the night allowance, on the tariff's clock. `until` lies on the next day where it is not
/// after `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NightWindow {
    /// When a night begins.
    pub from: Time,
    /// When it is over.
    pub until: Time,
}

/// When waiting costs, and how much. Billed in started blocks once the free minutes are over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingTerms {
    /// Free minutes at a pickup, from max(arrival, agreed time).
    pub free_at_pickup: u32,
    /// Free minutes at an airport, from the landing.
    pub free_at_airport: u32,
    /// Free minutes at a meal.
    pub free_at_meal: u32,
    /// Minutes in a block; a started block is billed whole.
    pub block: u32,
    /// A minute of a billed block.
    pub per_minute: Money,
}

/// Kilometres beyond the quoted ones that cost nothing: the larger of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tolerance {
    /// A number of kilometres.
    pub km: u32,
    /// A share of the quoted kilometres, half up to a whole one.
    pub share: BasisPoints,
}

impl Tolerance {
    /// The free kilometres on top of so many quoted ones.
    pub fn free_km(self, quoted_km: u32) -> u32 {
        self.km.max(self.share.of_count(quoted_km))
    }
}

/// What a one-way trip that the rider ends early still pays: with less than `below` of its kilometres
/// done, `charged` of them. Bands are in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlyEndBand {
    /// The share of the quoted kilometres that the band ends at.
    pub below: BasisPoints,
    /// The share of the quoted kilometres that is charged.
    pub charged: BasisPoints,
}

/// Between which factors of its base a fare may move; aggregator guidelines 2025: 0.5 to 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FactorBounds {
    /// The lowest factor.
    pub lowest: BasisPoints,
    /// The highest factor.
    pub highest: BasisPoints,
}

/// GST on the fare. Under s.9(5) CGST / s.5(5) IGST the platform pays it as if it were the supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaxTerms {
    /// The service accounting code that invoices show.
    pub sac: String,
    /// Central tax, where supplier and place of supply are in one state.
    pub cgst: BasisPoints,
    /// State tax, where supplier and place of supply are in one state.
    pub sgst: BasisPoints,
    /// Integrated tax, where they are not.
    pub igst: BasisPoints,
    /// Whether tolls, state taxes and parking are taxed with the fare. No: the operator passes them on as
    /// a pure agent (r.33).
    pub pass_through_taxed: bool,
    /// The one state that the supplier is registered in; none: registered wherever riders board.
    pub supplier_state: Option<StateCode>,
}

/// How a fare is shared with the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettlementTerms {
    /// The platform's share of the lines in `commission_on`.
    pub commission: BasisPoints,
    /// The lines that commission is taken on.
    pub commission_on: BTreeSet<LineCode>,
    /// GST on the commission; the platform's own service, charged to the driver.
    pub commission_gst: BasisPoints,
    /// Tax deducted at source from the gross of a driver with a PAN (s.194O, now s.393(1)).
    pub tds: BasisPoints,
    /// The same of a driver who gave no PAN.
    pub tds_without_pan: BasisPoints,
    /// The least that a driver with an own vehicle keeps of the fare without pass-throughs and tax.
    pub minimum_share_own_vehicle: BasisPoints,
    /// The least that a driver of the operator's vehicle keeps.
    pub minimum_share_operator_vehicle: BasisPoints,
}

/// The largest trip that the tariff prices; a larger one is a mistake or an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Kilometres of one trip.
    pub trip_km: u32,
    /// Calendar days that one trip touches.
    pub trip_days: u32,
    /// The size of one line.
    pub line: Money,
}
