//! Taking the advance: what is held, or a charge at once.

use super::{
    Entry, OperationKind, OperationResult, Purpose,
    command::codes,
    event::{CaptureRefused, CaptureRequested, Captured, HoldExpired, Refused, Wanted},
    operation::Operation,
    state::{Capture, Hold},
    turn::{Order, Turn, positive, refusal},
};
use interstate_eventing::{
    Rejection,
    plant::{self, Bug},
};
use interstate_schemas::{PaymentAnswer, StepOutcome};

/// What a provider says to a capture that comes too late.
const TOO_LATE: &str = "hold_expired";

impl Turn<'_> {
    /// Takes an amount. A repeat waits for the same outcome, or hears it again; after a refusal, which is
    /// certain to have taken nothing, it is tried anew.
    pub(super) fn capture(&mut self, wanted: Wanted) -> Result<(), Rejection> {
        positive(wanted.amount)?;
        match self.state().capture.clone() {
            Capture::Done { amount, .. } => {
                self.answer_now(StepOutcome::Done(PaymentAnswer::Captured { amount }));
            }
            Capture::Wanted { .. } => {
                if !self.waits(&self.state().capture_waiting) {
                    self.emit(CaptureRequested(wanted));
                }
            }
            Capture::None | Capture::Refused { .. } => {
                if self.state().void.run >= Some(wanted.run) {
                    let text = "the payment was given up before the money was taken; book again";
                    return Err(Rejection::conflict(codes::VOIDED, text));
                }
                if self.state().undone_run >= Some(wanted.run) {
                    let text = "the money was to be given back before it was taken; book again";
                    return Err(Rejection::conflict(codes::REFUNDED, text));
                }
                self.emit(CaptureRequested(wanted));
                self.follow_up();
            }
        }
        Ok(())
    }

    /// Asks the provider for a capture that is wanted, once the hold's outcome is known.
    pub(super) fn carry_out_capture(&mut self) {
        let state = self.state();
        let Capture::Wanted {
            amount,
            method,
            run,
            operation: None,
        } = state.capture.clone()
        else {
            return;
        };
        if state.void.run >= Some(run) || state.undone_run >= Some(run) {
            self.refuse_capture(codes::VOIDED.to_owned());
            return;
        }
        let now = self.now();
        let in_time = |due| now < due || plant::on(Bug::HoldExpiryNotHandled);
        let order = |kind, method, provider_reference| Order {
            kind,
            purpose: Purpose::Advance,
            amount,
            method,
            provider_reference,
        };
        match self.state().hold.clone() {
            Hold::Asked { .. } => {}
            Hold::Held {
                amount: held,
                provider_reference,
                expires_at,
                ..
            } if held.amount >= amount.amount && expires_at.is_none_or(in_time) => {
                self.request(order(OperationKind::Capture, None, Some(provider_reference)));
            }
            other => {
                if matches!(other, Hold::Held { .. }) {
                    self.release();
                }
                self.request(order(OperationKind::Charge, Some(method), None));
            }
        }
    }

    pub(super) fn capture_closed(&mut self, operation: &Operation, result: OperationResult) {
        match result {
            OperationResult::Succeeded {
                provider_reference, ..
            } => {
                let waiting = self.state().capture_waiting.clone();
                let amount = operation.amount;
                self.emit(Captured {
                    amount,
                    provider_reference,
                });
                self.post(Entry::advance_received(amount));
                self.answer(&waiting, &StepOutcome::Done(PaymentAnswer::Captured { amount }));
            }
            OperationResult::Refused { code }
                if operation.kind == OperationKind::Capture
                    && code == TOO_LATE
                    && !plant::on(Bug::HoldExpiryNotHandled) =>
            {
                self.charge_instead();
            }
            OperationResult::Refused { code } => self.refuse_capture(refusal(&code)),
        }
    }

    /// The hold ran out before it was captured: nothing was taken, so it is charged anew, unless the wish has
    /// changed meanwhile.
    fn charge_instead(&mut self) {
        let Capture::Wanted {
            amount, method, run, ..
        } = self.state().capture.clone()
        else {
            return;
        };
        self.emit(HoldExpired { amount });
        if self.state().void.run >= Some(run) || self.state().undone_run >= Some(run) {
            self.refuse_capture(codes::VOIDED.to_owned());
            return;
        }
        self.request(Order {
            kind: OperationKind::Charge,
            purpose: Purpose::Advance,
            amount,
            method: Some(method),
            provider_reference: None,
        });
    }

    fn refuse_capture(&mut self, code: String) {
        let waiting = self.state().capture_waiting.clone();
        self.emit(CaptureRefused(Refused { code: code.clone() }));
        self.answer(&waiting, &StepOutcome::Refused { code });
    }
}
