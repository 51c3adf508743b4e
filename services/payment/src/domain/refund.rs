//! Giving captured money back.

use super::{
    Account, Entry, OperationKind, OperationResult, Purpose,
    command::{RefundReply, codes},
    event::{CaseAbout, CreditGiven, RefundRefused, RefundRequested, Refunded},
    excess::is_excess,
    state::{Capture, Refund, RefundState},
    turn::{Order, Turn, refusal},
};
use interstate_eventing::{
    Rejection,
    plant::{self, Bug},
};
use interstate_schemas::{BookingId, DriverCompensation, Money, SignedDuration, StepOutcome, Timestamp};

/// How long a refused refund waits for each next attempt: two days in all, so that a provider's bad night passes.
const PAUSES: [SignedDuration; 5] = [
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(31),
];

impl Turn<'_> {
    /// Gives money back under a name: a repeat of the name is the same refund.
    pub(super) fn refund(
        &mut self,
        booking: BookingId,
        amount: Option<Money>,
        fee: Money,
        reference: String,
        compensation: Option<DriverCompensation>,
    ) -> Result<(), Rejection> {
        let negative = |driver_gets: DriverCompensation| driver_gets.amount.amount < 0;
        if compensation.is_some_and(negative)
            || fee.amount < 0
            || amount.is_some_and(|amount| amount.amount < 0)
        {
            let text = "neither a refund nor its fee nor what the driver gets can be less than nothing";
            return Err(Rejection::invalid(codes::AMOUNT, text));
        }
        let known = self
            .state()
            .refunds
            .get(&reference)
            .map(|refund| refund.state.clone());
        let waits = self
            .state()
            .refunds
            .get(&reference)
            .is_some_and(|refund| self.waits(&refund.waiting));
        match known.filter(|_| !plant::on(Bug::CompensationNotIdempotent)) {
            Some(RefundState::Done { .. }) => self.answer_now(StepOutcome::Undone),
            Some(RefundState::Waiting | RefundState::Open { .. }) if waits => {}
            None | Some(_) => {
                let (run, step) = (self.run(), self.step());
                self.emit(RefundRequested {
                    booking,
                    reference,
                    amount,
                    fee,
                    compensation,
                    run,
                    step,
                });
                self.follow_up();
            }
        }
        Ok(())
    }

    /// What was refused, and no saga asks for again, is due. A person at support need not wait for that, and is the only
    /// one to ask again for what is not tried by itself any more.
    pub(super) fn refund_again(&mut self) {
        let (now, by_person) = (self.now(), self.cx.actor.is_staff());
        let due = |refund: &Refund| match by_person {
            true => refund.state == RefundState::Stuck,
            false => refund.tried_again_at().is_some_and(|at| at <= now),
        };
        let due: Vec<String> = self
            .state()
            .refunds
            .iter()
            .filter(|(_, refund)| due(refund))
            .map(|(reference, _)| reference.clone())
            .collect();
        for reference in &due {
            self.retry_stuck_refund(reference);
        }
        self.follow_up();
        if by_person {
            self.reply(&RefundReply { again: due });
        }
    }

    /// Tries a refund again that the provider has refused.
    pub(super) fn retry_stuck_refund(&mut self, reference: &str) {
        let Some(refund) = self.state().refunds.get(reference).cloned() else {
            return;
        };
        if refund.state == RefundState::Stuck {
            self.emit(RefundRequested {
                booking: self.booking(),
                reference: reference.to_owned(),
                amount: refund.amount,
                fee: refund.fee,
                compensation: refund.compensation,
                run: refund.run,
                step: None,
            });
        }
    }

    /// Asks the provider for the refunds that are wanted, once it is certain what was captured.
    pub(super) fn carry_out_refunds(&mut self) {
        let waiting = self
            .state()
            .refunds
            .iter()
            .filter(|(_, refund)| refund.state == RefundState::Waiting);
        let waiting: Vec<String> = waiting.map(|(reference, _)| reference.clone()).collect();
        for reference in waiting {
            self.carry_out_refund(reference);
        }
    }

    fn carry_out_refund(&mut self, reference: String) {
        let Some(refund) = self.state().refunds.get(&reference).cloned() else {
            return;
        };
        match self.state().capture.clone() {
            _ if is_excess(&reference) => self.carry_out_excess(reference, refund.amount),
            Capture::Wanted { run, .. } if run <= refund.run => {}
            Capture::Done {
                provider_reference,
                run,
                ..
            } if run <= refund.run => {
                let left = self.left(&reference);
                let fee = if refund.early {
                    refund.fee.min(left)
                } else {
                    Money::ZERO
                };
                let amount = refund.amount.unwrap_or(left - fee).min(left - fee);
                if !amount.is_positive() {
                    self.refunded(&reference, Money::ZERO);
                    return;
                }
                self.request(Order {
                    kind: OperationKind::Refund,
                    purpose: Purpose::Refund(reference),
                    amount,
                    method: None,
                    provider_reference: Some(provider_reference),
                });
            }
            _ => self.refunded(&reference, Money::ZERO),
        }
    }

    pub(super) fn refund_closed(&mut self, reference: &str, amount: Money, result: OperationResult) {
        match result {
            OperationResult::Succeeded { .. } => self.refunded(reference, amount),
            OperationResult::Refused { code } => self.refund_refused(reference, refusal(&code)),
        }
    }

    /// A saga asks again by itself. What nobody waits for is tried again here, later and later, until a person is
    /// called.
    fn refund_refused(&mut self, reference: &str, code: String) {
        let own = self
            .state()
            .refunds
            .get(reference)
            .filter(|refund| refund.waiting.is_empty())
            .map(|refund| refund.refusals as usize);
        let pause = own.and_then(|refusals| PAUSES.get(refusals));
        let again_at = pause.map(|pause| self.now().saturating_add(*pause).unwrap_or(Timestamp::MAX));
        self.emit(RefundRefused {
            reference: reference.to_owned(),
            code: code.clone(),
            again_at,
        });
        if own.is_some() && again_at.is_none() {
            let reference = reference.to_owned();
            self.open_case(CaseAbout::RefundRefused { reference, code });
        }
    }

    /// Money went back, or there was none to give: books it and tells who waits.
    pub(super) fn refunded(&mut self, reference: &str, amount: Money) {
        let Some(refund) = self.state().refunds.get(reference).cloned() else {
            return;
        };
        let left = (self.left(reference) - amount).max(Money::ZERO);
        let fee = if refund.early {
            refund.fee.min(left)
        } else {
            Money::ZERO
        };
        self.emit(Refunded {
            reference: reference.to_owned(),
            amount,
            fee,
        });
        if amount.is_positive() {
            let from = match refund.early {
                true => Account::AdvanceLiability,
                false if is_excess(reference) => Account::RiderReceivable,
                false => Account::Refunds,
            };
            self.post(Entry::refund(amount, from));
        }
        if fee.is_positive() {
            self.post(Entry::cancellation_fee(fee));
        }
        if let Some(DriverCompensation { driver, amount }) = refund.compensation.filter(|_| refund.early) {
            // A share of a fee shrinks with it; what the operator pays has no fee.
            let amount = match refund.fee.is_positive() {
                true => amount.ratio(fee.amount, refund.fee.amount),
                false => amount,
            };
            if amount.is_positive() {
                self.post(Entry::driver_compensation(amount, driver));
            }
        }
        self.answer(&refund.waiting, &StepOutcome::Undone);
    }

    /// Promises the rider something for the next trip, once for each name.
    pub(super) fn credit(&mut self, given: CreditGiven) -> Result<(), Rejection> {
        if given.amount.amount < 0 {
            let text = "nobody is promised less than nothing";
            return Err(Rejection::invalid(codes::AMOUNT, text));
        }
        if given.amount.is_positive() && !self.state().credits.contains(&given.reference) {
            let entry = Entry::rider_credit(given.amount, given.fined);
            self.emit(given);
            self.post(entry);
        }
        Ok(())
    }

    /// What of the captured money is not given back, nor about to be.
    fn left(&self, reference: &str) -> Money {
        if plant::on(Bug::CompensationNotIdempotent) {
            return self.state().captured();
        }
        self.state().refundable(reference)
    }
}
