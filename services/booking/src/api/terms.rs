//! What a cancellation costs and gives, as it is shown.

use crate::domain::cancellation::{CancellationReason, CancellationTerms, Charge};
use interstate_schemas::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a cancellation costs and gives. `fee + refund` is what was captured.
///
/// All of it is booked. A credit is owed to the rider from then on; nothing takes it off the next fare yet, so that
/// the operator's staff make it good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TermsView {
    /// Which row of the rules applied.
    pub reason: CancellationReason,
    /// Whole minutes to the pickup, below zero after it.
    pub minutes_to_pickup: i64,
    /// The rule that the fee, or where there is none the credit or fine, follows from.
    pub rule: Charge,
    /// What the rider pays, GST included; kept from what was captured, never more.
    pub fee: Money,
    /// The fee without GST.
    pub fee_taxable: Money,
    /// The GST that the fee includes.
    pub fee_gst: Money,
    /// What goes back to where it came from.
    pub refund: Money,
    /// What the driver gets.
    pub driver_gets: Money,
    /// What the rider is promised for the next trip.
    pub credit: Money,
    /// What the driver pays of that.
    pub driver_fine: Money,
    /// Whether the driver's rank falls.
    pub lowers_driver_rank: bool,
    /// Days in which the trip may be moved free; 0: it may not.
    pub free_move_days: u32,
}

impl From<CancellationTerms> for TermsView {
    fn from(terms: CancellationTerms) -> Self {
        Self {
            reason: terms.reason,
            minutes_to_pickup: terms.minutes_to_pickup,
            rule: terms.rule,
            fee: terms.fee,
            fee_taxable: terms.fee_taxable,
            fee_gst: terms.fee_gst,
            refund: terms.refund,
            driver_gets: terms.driver_gets,
            credit: terms.credit,
            driver_fine: terms.driver_fine,
            lowers_driver_rank: terms.lowers_driver_rank,
            free_move_days: terms.free_move_days,
        }
    }
}
