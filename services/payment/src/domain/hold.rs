//! Holding an amount, and giving it back.

use super::{
    OperationKind, OperationResult, Purpose,
    command::codes,
    event::{Held, HoldExpired, HoldRefused, HoldReleased, HoldRequested, RefundRequested, Refused},
    event::{VoidRequested, Voided, Wanted},
    operation::Operation,
    state::{Capture, Hold, RefundState},
    turn::{Order, Turn, positive, refusal},
};
use interstate_eventing::{
    Rejection,
    plant::{self, Bug},
};
use interstate_schemas::{BookingId, Money, PaymentAnswer, SignedDuration, StepOutcome};

impl Turn<'_> {
    /// Holds an amount. A repeat waits for the same outcome, or hears it again.
    pub(super) fn hold(&mut self, wanted: Wanted) -> Result<(), Rejection> {
        positive(wanted.amount)?;
        if self.state().void.run >= Some(wanted.run) {
            let text = "the hold was given up before it was made; book again";
            return Err(Rejection::conflict(codes::VOIDED, text));
        }
        match self.state().hold.clone() {
            Hold::Asked { amount, .. } | Hold::Held { amount, .. } if amount != wanted.amount => {
                let text = format!("{amount} is asked for already; the amount of a hold does not change");
                return Err(Rejection::conflict(codes::DIFFERS, text));
            }
            Hold::Asked { .. } => {
                if !self.waits(&self.state().hold_waiting) {
                    self.emit(HoldRequested(wanted));
                }
            }
            Hold::Held { amount, .. } => self.answer_now(StepOutcome::Done(PaymentAnswer::Held { amount })),
            Hold::Captured => {
                let amount = wanted.amount;
                self.answer_now(StepOutcome::Done(PaymentAnswer::Held { amount }));
            }
            Hold::Refused { code, run } if run == wanted.run => {
                self.answer_now(StepOutcome::Refused { code })
            }
            Hold::None | Hold::Refused { .. } | Hold::Releasing { .. } | Hold::Released => {
                let (amount, method) = (wanted.amount, Some(wanted.method.clone()));
                self.emit(HoldRequested(wanted));
                self.request(Order {
                    kind: OperationKind::Hold,
                    purpose: Purpose::Advance,
                    amount,
                    method,
                    provider_reference: None,
                });
            }
        }
        Ok(())
    }

    pub(super) fn hold_closed(&mut self, operation: &Operation, result: OperationResult) {
        let waiting = self.state().hold_waiting.clone();
        let amount = operation.amount;
        match result {
            OperationResult::Succeeded {
                provider_reference,
                lasts_seconds,
            } => {
                // The provider made it at or after the request, so it lasts at least until then.
                let expires_at = lasts_seconds.and_then(|seconds| {
                    let lasts = SignedDuration::from_secs(i64::from(seconds));
                    operation.requested_at.checked_add(lasts).ok()
                });
                self.emit(Held {
                    amount,
                    provider_reference,
                    expires_at,
                });
                // Who wants it void already is not told that it is held.
                if !self.state().void.open {
                    self.answer(&waiting, &StepOutcome::Done(PaymentAnswer::Held { amount }));
                }
            }
            OperationResult::Refused { code } => {
                let code = refusal(&code);
                self.emit(HoldRefused(Refused { code: code.clone() }));
                self.answer(&waiting, &StepOutcome::Refused { code });
            }
        }
    }

    /// Gives a hold back; where none came, sees to it that none can come later.
    pub(super) fn void(&mut self, booking: BookingId) {
        let run = self.run();
        let state = self.state();
        let nothing_yet = state.hold == Hold::None && state.capture == Capture::None;
        if nothing_yet && plant::on(Bug::ReleaseOvertakesReserve) {
            self.answer_now(StepOutcome::Undone);
            return;
        }
        if state.void.run >= Some(run) && !state.void.open {
            self.answer_now(StepOutcome::Undone);
            return;
        }
        self.retry_stuck_refund(&void_reference(run));
        let known = self.state().void.open && self.state().void.run >= Some(run);
        if !known || !self.waits(&self.state().void.waiting) {
            let step = self.step();
            self.emit(VoidRequested { booking, run, step });
        }
        self.follow_up();
    }

    /// Goes on with a void once it is certain what there is to give back, and answers once nothing is left.
    pub(super) fn carry_out_void(&mut self) {
        let state = self.state();
        let Some(run) = state.void.run.filter(|_| state.void.open) else {
            return;
        };
        match &state.hold {
            Hold::Asked { run: of, .. } if *of <= run => return,
            Hold::Held { run: of, .. } if *of <= run => {
                if !state.capture.takes_the_hold() {
                    self.release();
                }
                return;
            }
            Hold::Releasing { .. } => return,
            _ => {}
        }
        match &state.capture {
            Capture::Wanted { run: of, .. } if *of <= run => return,
            Capture::Done { run: of, .. } if *of <= run => {
                // The capture won the race. What the saga takes back must not stay with us.
                let pending = |state: &RefundState| !matches!(state, RefundState::Done { .. });
                if state.refunds.values().any(|refund| pending(&refund.state)) {
                    return;
                }
                if state.refunds.is_empty() && state.trip.is_none() {
                    let booking = self.booking();
                    let (reference, fee) = (void_reference(run), Money::ZERO);
                    self.emit(RefundRequested {
                        booking,
                        reference,
                        amount: None,
                        fee,
                        compensation: None,
                        run,
                        step: None,
                    });
                    return;
                }
            }
            _ => {}
        }
        let waiting = self.state().void.waiting.clone();
        self.emit(Voided { run });
        self.answer(&waiting, &StepOutcome::Undone);
    }

    /// Asks the provider to give up what is held.
    pub(super) fn release(&mut self) {
        if let Hold::Held {
            amount,
            provider_reference,
            ..
        } = self.state().hold.clone()
        {
            self.request(Order {
                kind: OperationKind::Void,
                purpose: Purpose::Advance,
                amount,
                method: None,
                provider_reference: Some(provider_reference),
            });
        }
    }

    /// A refusal means that the provider holds nothing any more: the hold ran out, or was given up before.
    pub(super) fn void_closed(&mut self, operation: &Operation) {
        // A new hold may have been asked for since.
        if matches!(self.state().hold, Hold::Releasing { .. }) {
            self.emit(HoldReleased {
                amount: operation.amount,
            });
        }
    }

    /// The hold's time is over by our count, which is never behind the provider's. It is given up there too, so
    /// that a later charge does not block the rider's money twice.
    pub(super) fn expire_hold(&mut self) {
        let Hold::Held {
            amount,
            provider_reference,
            expires_at: Some(due),
            ..
        } = self.state().hold.clone()
        else {
            return;
        };
        if due > self.now() || self.state().capture.takes_the_hold() {
            return;
        }
        self.emit(HoldExpired { amount });
        self.request(Order {
            kind: OperationKind::Void,
            purpose: Purpose::Advance,
            amount,
            method: None,
            provider_reference: Some(provider_reference),
        });
    }
}

/// The name of the refund that a void makes where the capture was faster.
fn void_reference(run: u32) -> String {
    format!("void-{run}")
}
