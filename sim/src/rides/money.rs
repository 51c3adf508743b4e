//! The money of the rides: what the ledger says, what the provider says, and what each booking has paid for.

use super::{books::payment_of, provider::Provider};
use crate::invariants::evolve;
use interstate_booking::domain::booking::{Booking, Stage};
use interstate_eventing::Event;
use interstate_payment::domain::{Account, OperationKind, Payment, PaymentEvent, Purpose, state::Hold};
use interstate_schemas::{BookingId, OperationId, PaymentId, Timestamp};
use std::collections::BTreeMap;

/// The money side of a booking.
pub(super) fn payment(booking: BookingId) -> PaymentId {
    PaymentId::from(booking)
}

/// An operation as it was requested.
struct Requested {
    payment: String,
    kind: OperationKind,
    purpose: Purpose,
}

/// Payments, their operations, and the ledger.
#[derive(Default)]
pub(super) struct Money {
    payments: BTreeMap<String, Payment>,
    operations: BTreeMap<OperationId, Requested>,
    /// What the provider owes us by our ledger, in minor units, by payment.
    clearing: BTreeMap<String, i64>,
    unbalanced: Vec<String>,
}

impl Money {
    pub(super) fn take(&mut self, event: &Event) -> Result<(), String> {
        let payment = &event.subject;
        match event.decode().map_err(|error| error.to_string())? {
            PaymentEvent::OperationRequested(it) => {
                let requested = Requested {
                    payment: payment.clone(),
                    kind: it.kind,
                    purpose: it.purpose,
                };
                self.operations.insert(it.operation, requested);
            }
            PaymentEvent::JournalPosted(posted) => {
                let postings = posted.entry.postings();
                let sum: i64 = postings.iter().map(|posting| posting.amount.amount).sum();
                if sum != 0 {
                    self.unbalanced
                        .push(format!("an entry of {payment} sums to {sum}: {:?}", posted.entry));
                }
                let clearing = postings
                    .iter()
                    .filter(|posting| posting.account == Account::ProviderClearing);
                let moved: i64 = clearing.map(|posting| posting.amount.amount).sum();
                *self.clearing.entry(payment.clone()).or_default() += moved;
            }
            _ => {}
        }
        evolve(&mut self.payments, event)
    }

    /// Operations without an end, and holds that outlive their time.
    pub(super) fn open(&self, now: Timestamp) -> Vec<String> {
        let mut open = Vec::new();
        for (id, payment) in &self.payments {
            for operation in payment.0.operations.still_open() {
                open.push(format!("every operation is closed: {id} waits for {operation:?}"));
            }
            if let Hold::Held {
                expires_at: Some(due),
                ..
            } = &payment.0.hold
                && *due < now
            {
                open.push(format!("every deadline fires: {id} is held since {due}"));
            }
        }
        open
    }

    /// What the provider has taken for a payment and not given back, in minor units.
    fn taken(&self, provider: &Provider) -> BTreeMap<&str, i64> {
        let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
        for movement in provider.movements() {
            let payment = self.operations.get(&movement.operation);
            let payment = payment.map_or("nobody", |requested| &requested.payment);
            *taken.entry(payment).or_default() += movement.amount.amount;
        }
        taken
    }

    /// Entries sum to zero, and the ledger says what the provider says.
    pub(super) fn is_conserved(&self, provider: &Provider) -> Vec<String> {
        let mut wrong = self.unbalanced.clone();
        let taken = self.taken(provider);
        let all = self
            .payments
            .keys()
            .map(String::as_str)
            .chain(taken.keys().copied());
        for id in all {
            let (ledger, provider) = (
                self.clearing.get(id).copied().unwrap_or(0),
                taken.get(id).copied().unwrap_or(0),
            );
            if ledger != provider {
                wrong.push(format!(
                    "the ledger of {id} says {ledger}, the provider says {provider}"
                ));
            }
        }
        wrong
    }

    /// At most one capture of the advance and one of the balance.
    pub(super) fn captured_once(&self, provider: &Provider) -> Vec<String> {
        let mut times: BTreeMap<(&str, bool), u32> = BTreeMap::new();
        let mut wrong = Vec::new();
        for movement in provider.movements() {
            let Some(requested) = self.operations.get(&movement.operation) else {
                wrong.push(format!(
                    "the provider knows {}, and the log does not",
                    movement.operation
                ));
                continue;
            };
            if requested.kind != OperationKind::Refund {
                let balance = requested.purpose == Purpose::Balance;
                *times.entry((&requested.payment, balance)).or_default() += 1;
            }
        }
        let twice = times.iter().filter(|(_, times)| **times > 1);
        wrong.extend(twice.map(|((payment, balance), times)| {
            let what = if *balance { "balance" } else { "advance" };
            format!("the {what} of {payment} was taken {times} times")
        }));
        wrong
    }

    /// Everybody's saga is over: nothing is blocked for anybody.
    pub(super) fn held(&self, provider: &Provider) -> Vec<String> {
        let held = provider.held();
        let mut wrong: Vec<String> = held
            .iter()
            .map(|(operation, amount)| {
                let payment = self.operations.get(operation);
                let payment = payment.map_or("nobody", |requested| &requested.payment);
                format!("the provider still holds {amount} for {payment}")
            })
            .collect();
        for (id, payment) in &self.payments {
            if matches!(payment.0.hold, Hold::Held { .. }) {
                wrong.push(format!("{id} still has {:?}", payment.0.hold));
            }
        }
        wrong
    }

    /// What a booking has paid is what it owes where it stands.
    pub(super) fn half_paid(&self, id: &str, booking: &Booking, provider: &Provider) -> Vec<String> {
        let payment = payment_of(id);
        let taken = self.taken(provider).get(&*payment).copied().unwrap_or(0);
        let advance = booking.order().map_or(0, |order| order.fare.advance.amount);
        let stage = booking.stage();
        let mut wrong = Vec::new();
        let expected = match stage {
            Stage::Lapsed | Stage::Unfulfilled => 0,
            Stage::Cancelled => booking.fee().amount,
            Stage::Confirmed | Stage::Assigned | Stage::EnRoute | Stage::Arrived | Stage::OnTrip => advance,
            Stage::Unknown | Stage::PendingPayment | Stage::Completed | Stage::Closed => taken,
        };
        if taken != expected {
            wrong.push(format!(
                "{id} is {stage:?}, and has paid {taken} in place of {expected}"
            ));
        }
        if let Some(payment) = self.payments.get(&payment)
            && stage == Stage::Closed
            && payment.0.receivable.amount != 0
        {
            let owed = payment.0.receivable;
            wrong.push(format!(
                "{id} is {stage:?}, and the rider's account stands at {owed}"
            ));
        }
        wrong
    }
}
