//! The money of the rides: what the ledger says, what the provider says, and what each booking has paid for.

use super::{books::payment_of, provider::Provider};
use crate::invariants::evolve;
use interstate_booking::domain::booking::{Booking, BookingEvent, Stage};
use interstate_eventing::Event;
use interstate_payment::domain::{
    Account, BalanceMethod, OperationKind, Payment, PaymentEvent, Purpose, state::Hold,
};
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
    /// Each payment's postings by account, in minor units.
    posted: BTreeMap<(String, Account), i64>,
    /// What each payment's events say that has moved.
    told: Flows,
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
                for posting in postings {
                    let key = (payment.clone(), posting.account);
                    *self.posted.entry(key).or_default() += posting.amount.amount;
                }
            }
            PaymentEvent::Captured(it) => self.told(payment).advance += it.amount.amount,
            PaymentEvent::BalancePaid(it) => {
                if matches!(it.method, None | Some(BalanceMethod::Provider { .. })) {
                    // Where the advance was enough nothing is left to pay.
                    self.told(payment).balance += it.amount.amount;
                }
            }
            PaymentEvent::Refunded(it) => self.told(payment).back -= it.amount.amount,
            _ => {}
        }
        evolve(&mut self.payments, event)
    }

    fn told(&mut self, payment: &str) -> &mut Flow {
        self.told.entry(payment.to_owned()).or_default()
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
                self.posted(id, Account::ProviderClearing),
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

    /// What came in and went back for each payment, by its own events, is what the provider has in its books:
    /// advances, balances and refunds each for themselves.
    pub(super) fn is_told(&self, provider: &Provider) -> Vec<String> {
        let mut moved = Flows::new();
        for movement in provider.movements() {
            if let Some(requested) = self.operations.get(&movement.operation) {
                let flow = moved.entry(requested.payment.clone()).or_default();
                flow.count(&requested.purpose, movement.amount.amount);
            }
        }
        let mut wrong = Vec::new();
        for id in self.payments.keys() {
            let (told, moved) = (self.told.get(id), moved.get(id));
            if told.copied().unwrap_or_default() != moved.copied().unwrap_or_default() {
                wrong.push(format!("{id} tells of {told:?}, the provider has {moved:?}"));
            }
        }
        wrong
    }

    /// What a booking has paid is what it owes where it stands, to the paisa: through the provider, and in cash.
    pub(super) fn half_paid(
        &self,
        id: &str,
        booking: &Booking,
        dues: &Dues,
        provider: &Provider,
    ) -> Vec<String> {
        let payment = payment_of(id);
        let taken = self.taken(provider).get(&*payment).copied().unwrap_or(0);
        let cash = self.posted(&payment, Account::CashWithDriver);
        let driver = -self.posted(&payment, Account::DriverPayable);
        let advance = booking.order().map_or(0, |order| order.fare.advance.amount);
        let stage = booking.stage();
        let (paid, of_driver) = match stage {
            Stage::Unknown | Stage::PendingPayment | Stage::Lapsed | Stage::Unfulfilled => (0, 0),
            Stage::Cancelled => (dues.fee, dues.driver_gets),
            Stage::Confirmed | Stage::Assigned | Stage::EnRoute | Stage::Arrived | Stage::OnTrip => {
                (advance, 0)
            }
            // The balance is what is left of the fare.
            Stage::Completed => (advance, dues.driver_due),
            Stage::Closed => (dues.payable, dues.driver_due),
        };
        let mut wrong = Vec::new();
        if taken + cash != paid {
            wrong.push(format!(
                "{id} is {stage:?}, and has paid {taken} and {cash} in cash in place of {paid}"
            ));
        }
        let of_driver = of_driver - dues.fines;
        if driver != of_driver {
            wrong.push(format!(
                "{id} is {stage:?}, and its drivers get {driver} in place of {of_driver}"
            ));
        }
        if let Some(payment) = self.payments.get(&payment)
            && stage == Stage::Closed
            && (payment.0.receivable.amount, payment.0.advance.amount) != (0, 0)
        {
            let (owed, advance) = (payment.0.receivable, payment.0.advance);
            wrong.push(format!(
                "{id} is {stage:?}, the rider owes {owed}, and {advance} of the advance is left"
            ));
        }
        wrong
    }

    fn posted(&self, payment: &str, account: Account) -> i64 {
        let key = (payment.to_owned(), account);
        self.posted.get(&key).copied().unwrap_or(0)
    }
}

/// Money that moved for one payment, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Flow {
    advance: i64,
    balance: i64,
    back: i64,
}

type Flows = BTreeMap<String, Flow>;

impl Flow {
    fn count(&mut self, purpose: &Purpose, amount: i64) {
        match purpose {
            Purpose::Advance => self.advance += amount,
            Purpose::Balance => self.balance += amount,
            Purpose::Refund(_) => self.back += amount,
        }
    }
}

/// What a booking's own events say that is owed, in minor units.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dues {
    /// The invoice, once the trip is driven.
    payable: i64,
    /// What its driver gets for it.
    driver_due: i64,
    /// What is kept for a cancellation.
    fee: i64,
    /// What the driver gets of that.
    driver_gets: i64,
    /// What drivers pay who have given it back without a reason.
    fines: i64,
}

impl Dues {
    /// As the booking goes on.
    pub(super) fn take(&mut self, event: &BookingEvent) {
        match event {
            BookingEvent::Completed(completed) => {
                self.payable = completed.invoice.payable.amount;
                self.driver_due = completed.settlement.driver_due.amount;
            }
            BookingEvent::Cancelled(cancelled) => {
                self.fee = cancelled.terms.fee.amount;
                self.driver_gets = cancelled.terms.driver_gets.amount;
            }
            BookingEvent::DriverReleased(released) => self.fines += released.terms.driver_fine.amount,
            _ => {}
        }
    }
}
