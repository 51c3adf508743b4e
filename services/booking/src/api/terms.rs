//! What a cancellation costs and gives, as it is shown.

use crate::domain::cancellation::{CancellationReason, CancellationTerms, Charge};
use interstate_schemas::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a cancellation costs and gives. `fee + refund` is what was captured.
///
/// What is booked with it, is the fee, the refund and what the driver gets. A credit and a fine are only promised:
/// nothing keeps vouchers yet, so that the operator's staff make them good.
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
    pub credit_promised: Money,
    /// What the driver is to pay towards that.
    pub driver_fine_noted: Money,
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
            credit_promised: terms.credit,
            driver_fine_noted: terms.driver_fine,
            lowers_driver_rank: terms.lowers_driver_rank,
            free_move_days: terms.free_move_days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cancellation::{
        CancelCause, CancelInput, CancellationPolicy, Progress, cancellation_terms,
    };

    #[test]
    fn a_credit_that_nobody_keeps_is_not_claimed_as_given() {
        let pickup_at = "2026-11-20T07:00:00Z".parse().unwrap();
        let input = CancelInput {
            cause: CancelCause::Operator,
            progress: Progress::Assigned,
            at: pickup_at,
            booked_at: pickup_at,
            pickup_at,
            fare: Money::inr(5_000_000),
            advance: Money::inr(94_000),
            captured: Money::inr(94_000),
        };
        let terms = cancellation_terms(&CancellationPolicy::india_2026_11_aggregator(), &input);
        let shown = serde_json::to_value(TermsView::from(terms)).unwrap();
        assert_eq!(shown["credit_promised"]["amount"], 50_000);
        assert!(shown.get("credit").is_none() && shown.get("driver_fine").is_none());
    }
}
