//! A decision under way, and what follows from an operation that has ended.

use super::{
    Entry, OperationKind, OperationResult, Payment, PaymentEvent, Purpose,
    event::{JournalPosted, OperationClosed, OperationRequested},
    operation::Operation,
    state::State,
};
use interstate_eventing::{Context, Decision, Draft, Message, Rejection};
use interstate_schemas::{
    BookingId, Money, OperationId, PaymentAnswer, PaymentMethod, StepOutcome, StepRef, Timestamp,
};
use serde::Serialize;

/// A decision under way. Each event changes its state at once.
pub(super) struct Turn<'c> {
    draft: Draft<Payment>,
    pub(super) cx: &'c Context<'c>,
    operations: u32,
    reply: Option<Vec<u8>>,
}

/// What the provider is to be asked for.
pub(super) struct Order {
    pub(super) kind: OperationKind,
    pub(super) purpose: Purpose,
    pub(super) amount: Money,
    pub(super) method: Option<PaymentMethod>,
    pub(super) provider_reference: Option<String>,
}

impl<'c> Turn<'c> {
    pub(super) fn new(payment: &Payment, cx: &'c Context<'c>) -> Self {
        Self {
            draft: Draft::new(payment, cx),
            cx,
            operations: 0,
            reply: None,
        }
    }

    pub(super) fn state(&self) -> &State {
        &self.draft.state().0
    }

    pub(super) fn now(&self) -> Timestamp {
        self.draft.now()
    }

    /// The run of the saga that asks; who is no saga means the run that is going on.
    pub(super) fn run(&self) -> u32 {
        self.cx.step.map_or(self.state().latest_run, |step| step.run)
    }

    pub(super) fn step(&self) -> Option<StepRef> {
        self.cx.step.cloned()
    }

    pub(super) fn emit(&mut self, event: impl Into<PaymentEvent>) {
        self.draft.emit(event);
    }

    pub(super) fn send(&mut self, message: Message) {
        self.draft.send(message);
    }

    pub(super) fn reply(&mut self, reply: &impl Serialize) {
        self.reply = Some(interstate_eventing::encode_json(reply));
    }

    /// Tells those who wait how it ended.
    pub(super) fn answer(&mut self, waiting: &[StepRef], outcome: &StepOutcome<PaymentAnswer>) {
        for step in waiting {
            self.send(Message::answer(step, outcome.clone()));
        }
    }

    /// Answers the command that is being decided, where it is a step.
    pub(super) fn answer_now(&mut self, outcome: StepOutcome<PaymentAnswer>) {
        if let Some(step) = self.step() {
            self.send(Message::answer(&step, outcome));
        }
    }

    /// Whether whoever asks is among those who wait already, so that nothing is to be written down.
    pub(super) fn waits(&self, waiting: &[StepRef]) -> bool {
        self.cx.step.is_none_or(|step| waiting.contains(step))
    }

    pub(super) fn booking(&self) -> BookingId {
        self.state()
            .booking
            .expect("the first event of every payment names its booking")
    }

    pub(super) fn request(&mut self, order: Order) {
        let operation = OperationId::from_ulid(self.cx.derive(self.operations).into());
        self.operations += 1;
        let Order {
            kind,
            purpose,
            amount,
            method,
            provider_reference,
        } = order;
        self.emit(OperationRequested {
            operation,
            kind,
            purpose,
            amount,
            method,
            provider_reference,
        });
    }

    pub(super) fn post(&mut self, entry: Entry) {
        if !entry.is_empty() {
            let booking = self.booking();
            self.emit(JournalPosted { booking, entry });
        }
    }

    /// An operation has ended, and what was waiting for it goes on.
    pub(super) fn close(&mut self, operation: &Operation, attempt: u32, result: OperationResult) {
        self.emit(OperationClosed {
            operation: operation.id,
            attempt,
            result: result.clone(),
        });
        match (operation.kind, &operation.purpose) {
            (OperationKind::Hold, _) => self.hold_closed(operation, result),
            (OperationKind::Void, _) => self.void_closed(operation),
            (OperationKind::Refund, Purpose::Refund(reference)) => {
                self.refund_closed(reference, operation.amount, result);
            }
            (_, Purpose::Balance) => self.balance_closed(operation.amount, result),
            _ => self.capture_closed(operation, result),
        }
        self.follow_up();
    }

    /// What was waiting for certainty, and has it now, is carried out.
    pub(super) fn follow_up(&mut self) {
        self.carry_out_capture();
        self.carry_out_void();
        self.carry_out_refunds();
        self.carry_out_trip();
    }

    pub(super) fn finish(self) -> Decision<PaymentEvent> {
        let mut decision = self.draft.finish();
        if let Some(reply) = self.reply {
            decision.reply = reply;
        }
        decision
    }
}

/// An amount that is wanted must be more than nothing.
pub(super) fn positive(amount: Money) -> Result<(), Rejection> {
    if amount.is_positive() {
        return Ok(());
    }
    let text = format!("{amount} is no amount that can be taken; it must be more than nothing");
    Err(Rejection::invalid(super::codes::AMOUNT, text))
}

/// The provider's code as one of ours.
pub(super) fn refusal(code: &str) -> String {
    format!("{}{code}", super::codes::PREFIX)
}
