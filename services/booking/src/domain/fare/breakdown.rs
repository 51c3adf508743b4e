//! A priced trip, and how two prices of one trip differ.

use super::{FareLine, LineCode};
use crate::domain::tariff::TariffVersion;
use interstate_schemas::{Money, StateCode, TripKind, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The price of a trip, of a quote or of an invoice. The lines sum to `payable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FareBreakdown {
    /// The rules that made it.
    pub tariff: TariffVersion,
    /// The class that is charged.
    pub class: VehicleClass,
    /// The shape of the trip.
    pub kind: TripKind,
    /// Calendar days that the trip touches, in the tariff's zone.
    pub days: u32,
    /// The kilometres of the KM line; an invoice "as booked" starts from the quote's.
    pub charged_km: u32,
    /// In the order of [`LineCode`], no code twice. A line that would be nothing is left out, except KM,
    /// taxes and a state entry that a permit covers.
    pub lines: Vec<FareLine>,
    /// What tax is taken on.
    pub taxable: Money,
    /// CGST and SGST, or IGST.
    pub tax: Money,
    /// Where the supply takes place.
    pub place_of_supply: StateCode,
    /// What the rider pays, in whole rupees.
    pub payable: Money,
    /// What is paid at booking, or was.
    pub advance: Money,
    /// What is left to pay; below zero: to give back.
    pub balance: Money,
}

impl FareBreakdown {
    /// A line's amount, nothing where there is no such line.
    pub fn amount(&self, code: LineCode) -> Money {
        self.lines
            .iter()
            .filter(|line| line.code == code)
            .map(|line| line.amount)
            .sum()
    }

    /// The sum of the lines that a rule selects.
    pub fn sum(&self, select: impl Fn(LineCode) -> bool) -> Money {
        self.lines
            .iter()
            .filter(|line| select(line.code))
            .map(|line| line.amount)
            .sum()
    }
}

/// A line that the invoice has otherwise than the quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Which line.
    pub line: LineCode,
    /// What the quote said.
    pub quoted: Money,
    /// What the invoice says.
    pub invoiced: Money,
}

impl Difference {
    /// What the rider pays more, or less.
    pub fn delta(&self) -> Money {
        self.invoiced - self.quoted
    }
}

/// Every line that differs, in the order of [`LineCode`]. Their deltas sum to the difference of the two
/// payables, because each fare's lines sum to its own.
pub fn differences(quote: &FareBreakdown, invoice: &FareBreakdown) -> Vec<Difference> {
    let mut both: BTreeMap<LineCode, (Money, Money)> = BTreeMap::new();
    for line in &quote.lines {
        both.entry(line.code).or_default().0 += line.amount;
    }
    for line in &invoice.lines {
        both.entry(line.code).or_default().1 += line.amount;
    }
    both.into_iter()
        .filter(|(_, (quoted, invoiced))| quoted != invoiced)
        .map(|(line, (quoted, invoiced))| Difference {
            line,
            quoted,
            invoiced,
        })
        .collect()
}
