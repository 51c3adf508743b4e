//! The rows of the payment books, and what each event does to them. Whatever store has them, this is what they follow.

use super::{
    OpenCase, PaymentStatus, cases,
    views::{OperationStatus, cash_word},
};
use crate::domain::{
    Account, CashState, Entry, EntryKind, OperationResult, Payment, PaymentEvent,
    event::{OperationClosed, OperationRequested, Settled},
};
use interstate_eventing::{Aggregate, Event};
use interstate_schemas::{BookingId, PaymentId, Timestamp, id::ParseIdError};
use std::collections::{BTreeMap, BTreeSet};

/// Where the money of a booking stands. Amounts are paise, times milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentRow {
    pub booking: String,
    pub rider: Option<String>,
    pub driver: Option<String>,
    /// Nothing while only a release is known.
    pub status: Option<PaymentStatus>,
    pub code: Option<String>,
    pub held: i64,
    pub captured: i64,
    pub refunded: i64,
    pub fee: i64,
    pub payable: Option<i64>,
    pub balance: i64,
    pub cash: i64,
    pub cash_state: Option<&'static str>,
    pub cash_confirm_by: Option<i64>,
    pub credit: i64,
    /// Those that are open, in the order in which they came.
    pub cases: Vec<OpenCase>,
    pub updated_at: i64,
}

/// One operation at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRow {
    pub operation: String,
    pub booking: String,
    /// Its place among those of the booking, from 1.
    pub number: i64,
    pub kind: String,
    pub amount: i64,
    pub status: OperationStatus,
    pub code: Option<String>,
    pub provider_reference: Option<String>,
    pub attempts: i64,
    pub requested_at: i64,
    pub closed_at: Option<i64>,
}

/// A line of a journal entry. The driver is empty where the account is not kept for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingRow {
    pub event: String,
    pub line: i64,
    pub booking: String,
    pub entry: &'static str,
    pub account: &'static str,
    pub driver: String,
    pub amount: i64,
    pub at: i64,
}

/// The rows of some bookings, between a store's answer and what is written back.
#[derive(Debug, Default)]
pub struct Books {
    /// Those of the bookings that the events are about.
    pub payments: BTreeMap<String, PaymentRow>,
    /// All of those bookings, in the order of their numbers.
    pub operations: BTreeMap<String, Vec<OperationRow>>,
    /// Booking and place of those that are new or not what they were.
    changed: BTreeSet<(String, usize)>,
    /// New ones.
    pub postings: Vec<PostingRow>,
    /// What is added to the balance of an account and driver.
    pub balances: BTreeMap<(&'static str, String), i64>,
}

/// The bookings that events are about: what has to be loaded for them.
pub fn bookings_of(events: &[&Event]) -> Result<BTreeSet<String>, String> {
    let of_payments = events.iter().filter(|event| event.aggregate == Payment::NAME);
    of_payments.map(|event| booking_of(event)).collect()
}

fn booking_of(event: &Event) -> Result<String, String> {
    let payment: Result<PaymentId, ParseIdError> = event.subject.parse();
    let payment = payment.map_err(|error| error.to_string())?;
    Ok(BookingId::from(payment).to_string())
}

impl Books {
    /// Operations that are new or not what they were.
    pub fn changed_operations(&self) -> impl Iterator<Item = &OperationRow> {
        let changed = self.changed.iter();
        changed.filter_map(|(booking, place)| self.operations.get(booking)?.get(*place))
    }

    /// Takes an event up.
    ///
    /// # Errors
    /// It is not what this build can read.
    pub fn take_up(&mut self, event: &Event) -> Result<(), String> {
        if event.aggregate != Payment::NAME {
            return Ok(());
        }
        let booking = booking_of(event)?;
        let what = event.decode().map_err(|error| error.to_string())?;
        let at = event.time.as_millisecond();
        match what {
            PaymentEvent::OperationRequested(requested) => self.requested(booking, at, &requested),
            PaymentEvent::OperationClosed(closed) => self.closed(booking, at, &closed),
            PaymentEvent::JournalPosted(posted) => {
                // What the rider owes follows from the postings, so that it is right whatever came in which order.
                self.payment(&booking, at).balance += receivable(&posted.entry);
                self.post(&event.id.to_string(), &booking, at, &posted.entry);
            }
            other => self.payment(&booking, at).take_up(other, event.time),
        }
        Ok(())
    }

    /// A payment's row, which is changed now.
    fn payment(&mut self, booking: &str, at: i64) -> &mut PaymentRow {
        let row = self
            .payments
            .entry(booking.to_owned())
            .or_insert_with(|| PaymentRow {
                booking: booking.to_owned(),
                ..PaymentRow::default()
            });
        row.updated_at = at;
        row
    }

    fn requested(&mut self, booking: String, at: i64, requested: &OperationRequested) {
        let known = self.operations.entry(booking.clone()).or_default();
        self.changed.insert((booking.clone(), known.len()));
        let number = 1 + known.len() as i64;
        known.push(OperationRow {
            operation: requested.operation.to_string(),
            number,
            booking,
            kind: requested.kind.as_str().to_owned(),
            amount: requested.amount.amount,
            status: OperationStatus::Open,
            code: None,
            provider_reference: requested.provider_reference.clone(),
            attempts: 0,
            requested_at: at,
            closed_at: None,
        });
    }

    fn closed(&mut self, booking: String, at: i64, closed: &OperationClosed) {
        let id = closed.operation.to_string();
        let known = self.operations.get_mut(&booking).into_iter().flatten();
        let Some((place, operation)) = known.enumerate().find(|(_, known)| known.operation == id) else {
            return;
        };
        match &closed.result {
            OperationResult::Succeeded {
                provider_reference, ..
            } => {
                operation.status = OperationStatus::Succeeded;
                operation.code = None;
                operation.provider_reference = Some(provider_reference.clone());
            }
            OperationResult::Refused { code } => {
                operation.status = OperationStatus::Refused;
                operation.code = Some(code.clone());
            }
        }
        operation.attempts = closed.attempt.into();
        operation.closed_at = Some(at);
        self.changed.insert((booking, place));
    }

    fn post(&mut self, event: &str, booking: &str, at: i64, entry: &Entry) {
        for (line, posting) in entry.postings().iter().enumerate() {
            let driver = posting
                .driver
                .map(|driver| driver.to_string())
                .unwrap_or_default();
            let account = posting.account.as_str();
            *self.balances.entry((account, driver.clone())).or_default() += posting.amount.amount;
            self.postings.push(PostingRow {
                event: event.to_owned(),
                line: line as i64,
                booking: booking.to_owned(),
                entry: name(entry.kind()),
                account,
                driver,
                amount: posting.amount.amount,
                at,
            });
        }
    }
}

fn receivable(entry: &Entry) -> i64 {
    let of_rider = entry
        .postings()
        .iter()
        .filter(|posting| posting.account == Account::RiderReceivable);
    of_rider.map(|posting| posting.amount.amount).sum()
}

impl PaymentRow {
    fn take_up(&mut self, event: PaymentEvent, time: Timestamp) {
        use PaymentStatus::{Authorised, Authorising, Capturing, Expired, Failed, Released};
        cases::decide(&mut self.cases, &event);
        match event {
            PaymentEvent::HoldRequested(wanted) => {
                self.rider = Some(wanted.0.rider.to_string());
                self.stands(Authorising);
            }
            PaymentEvent::Held(held) => {
                self.held = held.amount.amount;
                self.stands(Authorised);
            }
            PaymentEvent::HoldRefused(refused) => self.failed(refused.0.code),
            PaymentEvent::HoldExpired(_) => {
                self.held = 0;
                self.stands(Expired);
            }
            PaymentEvent::HoldReleased(_) => {
                self.held = 0;
                self.stands_if(matches!(self.status, Some(Authorised | Expired)), Released);
            }
            PaymentEvent::Voided(_) => {
                let open = matches!(self.status, None | Some(Authorising | Authorised | Expired));
                self.stands_if(open, Released);
            }
            PaymentEvent::CaptureRequested(wanted) => {
                self.rider = Some(wanted.0.rider.to_string());
                let early = matches!(
                    self.status,
                    None | Some(Authorising | Authorised | Expired | Released | Failed)
                );
                self.stands_if(early, Capturing);
            }
            PaymentEvent::Captured(captured) => {
                self.captured = captured.amount.amount;
                self.held = 0;
                self.stands_if(self.payable.is_none(), PaymentStatus::Captured);
            }
            PaymentEvent::CaptureRefused(refused) => self.failed(refused.0.code),
            PaymentEvent::RefundRequested(_) => {
                let taken = self.payable.is_none() && self.captured > 0;
                self.stands_if(taken, PaymentStatus::Refunding);
            }
            PaymentEvent::Refunded(done) => {
                self.refunded += done.amount.amount;
                self.fee += done.fee.amount;
                self.stands_if(self.payable.is_none(), PaymentStatus::Refunded);
            }
            PaymentEvent::Settled(settled) => self.settled(&settled),
            PaymentEvent::BalancePaid(_) => self.stands(PaymentStatus::Paid),
            PaymentEvent::CashClaimed(claimed) => {
                self.cash = claimed.amount.amount;
                self.cash_is(CashState::Claimed, Some(claimed.confirm_by));
            }
            PaymentEvent::CashConfirmed(_) => self.cash_is(CashState::Confirmed, None),
            PaymentEvent::CashDisputed(_) => self.cash_is(CashState::Disputed, None),
            PaymentEvent::CashWithdrawn(_) => self.cash_is(CashState::Withdrawn, None),
            PaymentEvent::CreditGiven(given) => self.credit += given.amount.amount,
            PaymentEvent::SupportCaseOpened(opened) => cases::open(&mut self.cases, opened, time),
            // Rows of their own, or nothing that is shown.
            PaymentEvent::OperationRequested(_)
            | PaymentEvent::OperationClosed(_)
            | PaymentEvent::JournalPosted(_)
            | PaymentEvent::VoidRequested(_)
            | PaymentEvent::RefundRefused(_)
            | PaymentEvent::BalanceRequested(_)
            | PaymentEvent::BalanceRefused(_) => {}
        }
    }

    fn stands(&mut self, status: PaymentStatus) {
        self.status = Some(status);
        self.code = None;
    }

    fn stands_if(&mut self, condition: bool, status: PaymentStatus) {
        if condition {
            self.stands(status);
        }
    }

    fn failed(&mut self, code: String) {
        self.status = Some(PaymentStatus::Failed);
        self.code = Some(code);
    }

    fn settled(&mut self, settled: &Settled) {
        self.payable = Some(settled.settlement.payable.amount);
        self.driver = Some(settled.settlement.driver.to_string());
        self.stands(PaymentStatus::BalanceDue);
    }

    fn cash_is(&mut self, state: CashState, confirm_by: Option<Timestamp>) {
        self.cash_state = Some(cash_word(state));
        self.cash_confirm_by = confirm_by.map(|by| by.as_millisecond());
    }
}

fn name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::AdvanceReceived => "advance_received",
        EntryKind::AdvanceApplied => "advance_applied",
        EntryKind::Refund => "refund",
        EntryKind::CancellationFee => "cancellation_fee",
        EntryKind::DriverCompensation => "driver_compensation",
        EntryKind::Settlement => "settlement",
        EntryKind::CashCollected => "cash_collected",
        EntryKind::CashClaimed => "cash_claimed",
        EntryKind::CashConfirmed => "cash_confirmed",
        EntryKind::CashWithdrawn => "cash_withdrawn",
        EntryKind::BalanceReceived => "balance_received",
        EntryKind::RiderCredit => "rider_credit",
    }
}
