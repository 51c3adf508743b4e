//! What a rider has paid too much for a trip, and how it goes back.

use super::{
    OperationKind, Purpose,
    command::codes,
    event::{CaseAbout, RefundRefused, RefundRequested},
    state::{Capture, Refund, RefundState},
    turn::{Order, Turn},
};
use interstate_schemas::Money;

/// What the names of its refunds begin with.
const OVERPAID: &str = "overpaid-";

/// Whether a refund of this name gives back what was too much.
pub(super) fn is_excess(reference: &str) -> bool {
    reference.starts_with(OVERPAID)
}

impl Turn<'_> {
    /// Gives back what is too much. One refund at a time: when it ends, what is left is looked at again.
    pub(super) fn return_excess(&mut self) {
        let excess = -self.state().receivable;
        let refunds = self.state().refunds.iter();
        let known: Vec<&Refund> = refunds
            .filter(|(reference, _)| is_excess(reference))
            .map(|(_, refund)| refund)
            .collect();
        let done = |refund: &&Refund| matches!(refund.state, RefundState::Done { .. });
        if !excess.is_positive() || !known.iter().all(done) {
            return;
        }
        let reference = format!("{OVERPAID}{}", known.len() + 1);
        let (booking, run) = (self.booking(), self.run());
        self.emit(RefundRequested {
            booking,
            reference,
            amount: Some(excess),
            fee: Money::ZERO,
            compensation: None,
            run,
            step: None,
        });
        self.carry_out_refunds();
    }

    /// Asks the provider for it, out of one payment of the rider's after the other.
    pub(super) fn carry_out_excess(&mut self, reference: String, wanted: Option<Money>) {
        let state = self.state();
        let excess = -state.receivable;
        let amount = wanted.unwrap_or(excess).min(excess);
        if !amount.is_positive() {
            self.refunded(&reference, Money::ZERO);
            return;
        }
        if let Some((from, left)) = state.source_of_excess(&reference) {
            self.request(Order {
                kind: OperationKind::Refund,
                purpose: Purpose::Refund(reference),
                amount: amount.min(left),
                method: None,
                provider_reference: Some(from),
            });
            return;
        }
        // A refund that is refused after all leaves its money there.
        let open = |refund: &Refund| matches!(refund.state, RefundState::Open { .. });
        let may_come = matches!(state.capture, Capture::Wanted { .. }) || state.refunds.values().any(open);
        if !may_come {
            self.call_for_excess(reference);
        }
    }

    /// No money of the rider's is left at the provider, so that only a person can give it back.
    fn call_for_excess(&mut self, reference: String) {
        let code = codes::NOTHING_TO_REFUND.to_owned();
        self.emit(RefundRefused {
            reference: reference.clone(),
            code: code.clone(),
            again_at: None,
        });
        self.open_case(CaseAbout::RefundRefused { reference, code });
    }
}
