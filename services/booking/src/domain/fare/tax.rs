//! GST on the fare: where the supply takes place decides which tax.

use super::{Explanation, FareInput, FareLine, LineCode, Recipient};
use crate::domain::tariff::{BasisPoints, TaxTerms};
use interstate_schemas::{Money, StateCode};

/// The state that the tax belongs to: that of a registered recipient, else that in which the rider boards
/// (s.12(9) IGST Act).
pub(super) fn place_of_supply(input: &FareInput) -> StateCode {
    match input.recipient {
        Recipient::Registered { state } => state,
        Recipient::Unregistered => input.boarding_state,
    }
}

/// What of the lines is taxed.
pub(super) fn taxable(terms: &TaxTerms, lines: &[FareLine]) -> Money {
    let is_taxed = |line: &&FareLine| terms.pass_through_taxed || !line.code.is_pass_through();
    lines.iter().filter(is_taxed).map(|line| line.amount).sum()
}

/// CGST and SGST inside a state, IGST across; each rounded to the paisa by itself.
pub(super) fn tax_lines(terms: &TaxTerms, input: &FareInput, taxable: Money) -> Vec<FareLine> {
    let place_of_supply = place_of_supply(input);
    let line = |code, rate: BasisPoints| FareLine {
        code,
        amount: rate.of(taxable),
        explanation: Explanation::TaxRate {
            rate,
            taxable,
            place_of_supply,
        },
    };
    if terms.supplier_state.unwrap_or(input.boarding_state) == place_of_supply {
        vec![line(LineCode::Cgst, terms.cgst), line(LineCode::Sgst, terms.sgst)]
    } else {
        vec![line(LineCode::Igst, terms.igst)]
    }
}
