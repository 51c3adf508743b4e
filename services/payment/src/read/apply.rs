//! Events into rows.

use super::{
    PaymentStatus, journal,
    schema::{SCHEMA, TABLES},
    views::cash_word,
};
use crate::domain::{
    CashState, OperationResult, Payment, PaymentEvent,
    event::{OperationClosed, OperationRequested, Settled},
};
use interstate_eventing::{Aggregate, Event};
use interstate_schemas::{BookingId, Money, PaymentId, Timestamp, id::ParseIdError};
use interstate_stores::{Projection, ProjectionError};
use rusqlite::{Connection, params};

/// What is remembered of payments: where each stands, its operations, the journal, and the balances.
#[derive(Debug, Clone, Copy, Default)]
pub struct PaymentBooks;

impl Projection for PaymentBooks {
    const NAME: &'static str = "payment-books";
    const VERSION: u32 = 2;
    const TABLES: &'static [&'static str] = TABLES;
    const SCHEMA: &'static [&'static str] = SCHEMA;

    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
        if event.aggregate != Payment::NAME {
            return Ok(());
        }
        let payment: PaymentId = event
            .subject
            .parse()
            .map_err(|error: ParseIdError| ProjectionError::event(error.to_string()))?;
        let booking = BookingId::from(payment).to_string();
        let rows = Rows {
            tx,
            booking,
            at: event.time.as_millisecond(),
            touched: false,
        };
        Ok(rows.take_up(&event.id.to_string(), event.decode()?)?)
    }
}

/// The rows of one booking.
struct Rows<'t> {
    tx: &'t Connection,
    booking: String,
    at: i64,
    /// The row is there, and carries the event's time.
    touched: bool,
}

impl Rows<'_> {
    /// Takes one event up.
    fn take_up(mut self, id: &str, event: PaymentEvent) -> Result<(), rusqlite::Error> {
        match event {
            PaymentEvent::HoldRequested(wanted) => {
                self.rider(&wanted.0.rider.to_string())?;
                self.status(PaymentStatus::Authorising, None)
            }
            PaymentEvent::Held(held) => {
                self.set("held", held.amount)?;
                self.status(PaymentStatus::Authorised, None)
            }
            PaymentEvent::HoldRefused(refused) => self.status(PaymentStatus::Failed, Some(&refused.0.code)),
            PaymentEvent::HoldExpired(_) => {
                self.set("held", Money::ZERO)?;
                self.status(PaymentStatus::Expired, None)
            }
            PaymentEvent::HoldReleased(_) => {
                self.set("held", Money::ZERO)?;
                self.status_where(PaymentStatus::Released, "status IN ('authorised', 'expired')")
            }
            PaymentEvent::VoidRequested(_) => self.touch(),
            PaymentEvent::Voided(_) => {
                let open = "status IN ('new', 'authorising', 'authorised', 'expired')";
                self.status_where(PaymentStatus::Released, open)
            }
            PaymentEvent::CaptureRequested(wanted) => {
                self.rider(&wanted.0.rider.to_string())?;
                let early = "status IN ('new', 'authorising', 'authorised', 'expired', 'released', 'failed')";
                self.status_where(PaymentStatus::Capturing, early)
            }
            PaymentEvent::Captured(captured) => {
                self.set("captured", captured.amount)?;
                self.set("held", Money::ZERO)?;
                self.status_where(PaymentStatus::Captured, "payable IS NULL")
            }
            PaymentEvent::CaptureRefused(refused) => {
                self.status(PaymentStatus::Failed, Some(&refused.0.code))
            }
            PaymentEvent::RefundRequested(_) => {
                self.status_where(PaymentStatus::Refunding, "payable IS NULL AND captured > 0")
            }
            PaymentEvent::Refunded(done) => {
                self.add("refunded", done.amount)?;
                self.add("fee", done.fee)?;
                self.status_where(PaymentStatus::Refunded, "payable IS NULL")
            }
            PaymentEvent::RefundRefused(_)
            | PaymentEvent::BalanceRequested(_)
            | PaymentEvent::BalanceRefused(_) => self.touch(),
            PaymentEvent::OperationRequested(requested) => self.requested(&requested),
            PaymentEvent::OperationClosed(closed) => self.closed(&closed),
            PaymentEvent::Settled(settled) => self.settled(&settled),
            PaymentEvent::BalancePaid(_) => {
                self.set("balance", Money::ZERO)?;
                self.status(PaymentStatus::Paid, None)
            }
            PaymentEvent::CashClaimed(claimed) => {
                self.set("cash", claimed.amount)?;
                self.cash_is(CashState::Claimed, Some(claimed.confirm_by))
            }
            PaymentEvent::CashConfirmed(_) => self.cash_is(CashState::Confirmed, None),
            PaymentEvent::CashDisputed(_) => self.cash_is(CashState::Disputed, None),
            PaymentEvent::CashWithdrawn(_) => self.cash_is(CashState::Withdrawn, None),
            PaymentEvent::CreditGiven(given) => self.add("credit", given.amount),
            PaymentEvent::SupportCaseOpened(opened) => self.case(&opened.case.to_string()),
            PaymentEvent::JournalPosted(posted) => {
                journal::post(self.tx, id, &self.booking, self.at, &posted.entry)?;
                // What the rider owes follows from the postings, so that it is right whatever came in which order.
                self.receivable(&posted.entry)
            }
        }
    }

    fn touch(&mut self) -> Result<(), rusqlite::Error> {
        if std::mem::replace(&mut self.touched, true) {
            return Ok(());
        }
        self.tx
            .prepare_cached(
                "INSERT INTO payments (booking, status, updated_at) VALUES (?1, 'new', ?2)
             ON CONFLICT (booking) DO UPDATE SET updated_at = ?2",
            )?
            .execute(params![&self.booking, self.at])?;
        Ok(())
    }

    fn rider(&mut self, rider: &str) -> Result<(), rusqlite::Error> {
        self.touch()?;
        self.tx
            .prepare_cached("UPDATE payments SET rider = ?2 WHERE booking = ?1")?
            .execute(params![&self.booking, rider])?;
        Ok(())
    }

    fn status(&mut self, status: PaymentStatus, code: Option<&str>) -> Result<(), rusqlite::Error> {
        self.touch()?;
        self.tx
            .prepare_cached("UPDATE payments SET status = ?2, code = ?3 WHERE booking = ?1")?
            .execute(params![&self.booking, status.as_str(), code])?;
        Ok(())
    }

    /// The same where a condition holds; `condition` is a constant of this file.
    fn status_where(
        &mut self,
        status: PaymentStatus,
        condition: &'static str,
    ) -> Result<(), rusqlite::Error> {
        self.touch()?;
        let sql = format!("UPDATE payments SET status = ?2, code = NULL WHERE booking = ?1 AND {condition}");
        self.tx
            .prepare_cached(&sql)?
            .execute(params![&self.booking, status.as_str()])?;
        Ok(())
    }

    fn set(&mut self, column: &'static str, amount: Money) -> Result<(), rusqlite::Error> {
        let sql = format!("UPDATE payments SET {column} = ?2 WHERE booking = ?1");
        self.change(&sql, amount)
    }

    fn add(&mut self, column: &'static str, amount: Money) -> Result<(), rusqlite::Error> {
        let sql = format!("UPDATE payments SET {column} = {column} + ?2 WHERE booking = ?1");
        self.change(&sql, amount)
    }

    fn change(&mut self, sql: &str, amount: Money) -> Result<(), rusqlite::Error> {
        self.touch()?;
        self.tx
            .prepare_cached(sql)?
            .execute(params![&self.booking, amount.amount])?;
        Ok(())
    }

    fn requested(&mut self, requested: &OperationRequested) -> Result<(), rusqlite::Error> {
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO operations (operation, booking, number, kind, amount, status, provider_reference, requested_at)
             SELECT ?1, ?2, count(*) + 1, ?3, ?4, 'open', ?5, ?6 FROM operations WHERE booking = ?2",
        )?;
        insert.execute(params![
            requested.operation.to_string(),
            &self.booking,
            requested.kind.as_str(),
            requested.amount.amount,
            requested.provider_reference.as_deref(),
            self.at,
        ])?;
        Ok(())
    }

    fn closed(&mut self, closed: &OperationClosed) -> Result<(), rusqlite::Error> {
        let (status, code, reference) = match &closed.result {
            OperationResult::Succeeded {
                provider_reference, ..
            } => ("succeeded", None, Some(provider_reference)),
            OperationResult::Refused { code } => ("refused", Some(code), None),
        };
        self.tx
            .prepare_cached(
                "UPDATE operations SET status = ?2, code = ?3, attempts = ?4, closed_at = ?5,
                    provider_reference = coalesce(?6, provider_reference)
             WHERE operation = ?1",
            )?
            .execute(params![
                closed.operation.to_string(),
                status,
                code,
                i64::from(closed.attempt),
                self.at,
                reference
            ])?;
        Ok(())
    }

    fn cash_is(&mut self, state: CashState, confirm_by: Option<Timestamp>) -> Result<(), rusqlite::Error> {
        self.touch()?;
        let confirm_by = confirm_by.map(|by| by.as_millisecond());
        self.tx
            .prepare_cached("UPDATE payments SET cash_state = ?2, cash_confirm_by = ?3 WHERE booking = ?1")?
            .execute(params![&self.booking, cash_word(state), confirm_by])?;
        Ok(())
    }

    fn case(&mut self, case: &str) -> Result<(), rusqlite::Error> {
        self.touch()?;
        self.tx
            .prepare_cached("UPDATE payments SET support_case = ?2 WHERE booking = ?1")?
            .execute(params![&self.booking, case])?;
        Ok(())
    }

    fn settled(&mut self, settled: &Settled) -> Result<(), rusqlite::Error> {
        self.set("payable", settled.settlement.payable)?;
        self.status(PaymentStatus::BalanceDue, None)?;
        self.tx
            .prepare_cached("UPDATE payments SET driver = ?2 WHERE booking = ?1")?
            .execute(params![&self.booking, settled.settlement.driver.to_string()])?;
        Ok(())
    }

    fn receivable(&mut self, entry: &crate::domain::Entry) -> Result<(), rusqlite::Error> {
        let change: Money = entry
            .postings()
            .iter()
            .filter(|posting| posting.account == crate::domain::Account::RiderReceivable)
            .map(|posting| posting.amount)
            .sum();
        self.add("balance", change)
    }
}
