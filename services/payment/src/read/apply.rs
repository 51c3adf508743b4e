//! Events into rows.

use super::{
    PaymentStatus, journal,
    schema::{SCHEMA, TABLES},
};
use crate::domain::{
    OperationResult, Payment, PaymentEvent,
    event::{OperationClosed, OperationRequested, Settled},
};
use async_trait::async_trait;
use interstate_eventing::{Aggregate, Event};
use interstate_schemas::{BookingId, Money, PaymentId, id::ParseIdError};
use interstate_stores::{Projection, ProjectionError};
use sqlx::SqliteConnection;

/// What is remembered of payments: where each stands, its operations, the journal, and the balances.
#[derive(Debug, Clone, Copy, Default)]
pub struct PaymentBooks;

#[async_trait]
impl Projection for PaymentBooks {
    const NAME: &'static str = "payment-books";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = TABLES;
    const SCHEMA: &'static [&'static str] = SCHEMA;

    async fn apply(&self, tx: &mut SqliteConnection, event: &Event) -> Result<(), ProjectionError> {
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
        Ok(rows.take_up(&event.id.to_string(), event.decode()?).await?)
    }
}

/// The rows of one booking.
struct Rows<'t> {
    tx: &'t mut SqliteConnection,
    booking: String,
    at: i64,
    /// The row is there, and carries the event's time.
    touched: bool,
}

impl Rows<'_> {
    /// Takes one event up.
    async fn take_up(mut self, id: &str, event: PaymentEvent) -> Result<(), sqlx::Error> {
        match event {
            PaymentEvent::HoldRequested(wanted) => {
                self.rider(&wanted.0.rider.to_string()).await?;
                self.status(PaymentStatus::Authorising, None).await
            }
            PaymentEvent::Held(held) => {
                self.set("held", held.amount).await?;
                self.status(PaymentStatus::Authorised, None).await
            }
            PaymentEvent::HoldRefused(refused) => {
                self.status(PaymentStatus::Failed, Some(&refused.0.code)).await
            }
            PaymentEvent::HoldExpired(_) => {
                self.set("held", Money::ZERO).await?;
                self.status(PaymentStatus::Expired, None).await
            }
            PaymentEvent::HoldReleased(_) => {
                self.set("held", Money::ZERO).await?;
                self.status_where(PaymentStatus::Released, "status IN ('authorised', 'expired')")
                    .await
            }
            PaymentEvent::VoidRequested(_) => self.touch().await,
            PaymentEvent::Voided(_) => {
                let open = "status IN ('new', 'authorising', 'authorised', 'expired')";
                self.status_where(PaymentStatus::Released, open).await
            }
            PaymentEvent::CaptureRequested(wanted) => {
                self.rider(&wanted.0.rider.to_string()).await?;
                let early = "status IN ('new', 'authorising', 'authorised', 'expired', 'released', 'failed')";
                self.status_where(PaymentStatus::Capturing, early).await
            }
            PaymentEvent::Captured(captured) => {
                self.set("captured", captured.amount).await?;
                self.set("held", Money::ZERO).await?;
                self.status_where(PaymentStatus::Captured, "payable IS NULL")
                    .await
            }
            PaymentEvent::CaptureRefused(refused) => {
                self.status(PaymentStatus::Failed, Some(&refused.0.code)).await
            }
            PaymentEvent::RefundRequested(_) => {
                self.status_where(PaymentStatus::Refunding, "payable IS NULL AND captured > 0")
                    .await
            }
            PaymentEvent::Refunded(done) => {
                self.add("refunded", done.amount).await?;
                self.add("fee", done.fee).await?;
                self.status_where(PaymentStatus::Refunded, "payable IS NULL")
                    .await
            }
            PaymentEvent::RefundRefused(_)
            | PaymentEvent::BalanceRequested(_)
            | PaymentEvent::BalanceRefused(_) => self.touch().await,
            PaymentEvent::OperationRequested(requested) => self.requested(&requested).await,
            PaymentEvent::OperationClosed(closed) => self.closed(&closed).await,
            PaymentEvent::Settled(settled) => self.settled(&settled).await,
            PaymentEvent::BalancePaid(_) => {
                self.set("balance", Money::ZERO).await?;
                self.status(PaymentStatus::Paid, None).await
            }
            PaymentEvent::JournalPosted(posted) => {
                journal::post(&mut *self.tx, id, &self.booking, self.at, &posted.entry).await?;
                // What the rider owes follows from the postings, so that it is right whatever came in which order.
                self.receivable(&posted.entry).await
            }
        }
    }

    async fn touch(&mut self) -> Result<(), sqlx::Error> {
        if std::mem::replace(&mut self.touched, true) {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO payments (booking, status, updated_at) VALUES (?1, 'new', ?2)
             ON CONFLICT (booking) DO UPDATE SET updated_at = ?2",
        )
        .bind(&self.booking)
        .bind(self.at)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn rider(&mut self, rider: &str) -> Result<(), sqlx::Error> {
        self.touch().await?;
        let update = sqlx::query("UPDATE payments SET rider = ?2 WHERE booking = ?1");
        update
            .bind(&self.booking)
            .bind(rider)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn status(&mut self, status: PaymentStatus, code: Option<&str>) -> Result<(), sqlx::Error> {
        self.touch().await?;
        let update = sqlx::query("UPDATE payments SET status = ?2, code = ?3 WHERE booking = ?1");
        update
            .bind(&self.booking)
            .bind(status.as_str())
            .bind(code)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The same where a condition holds; `condition` is a constant of this file.
    async fn status_where(
        &mut self,
        status: PaymentStatus,
        condition: &'static str,
    ) -> Result<(), sqlx::Error> {
        self.touch().await?;
        let sql = format!("UPDATE payments SET status = ?2, code = NULL WHERE booking = ?1 AND {condition}");
        sqlx::query(&sql)
            .bind(&self.booking)
            .bind(status.as_str())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn set(&mut self, column: &'static str, amount: Money) -> Result<(), sqlx::Error> {
        let sql = format!("UPDATE payments SET {column} = ?2 WHERE booking = ?1");
        self.change(&sql, amount).await
    }

    async fn add(&mut self, column: &'static str, amount: Money) -> Result<(), sqlx::Error> {
        let sql = format!("UPDATE payments SET {column} = {column} + ?2 WHERE booking = ?1");
        self.change(&sql, amount).await
    }

    async fn change(&mut self, sql: &str, amount: Money) -> Result<(), sqlx::Error> {
        self.touch().await?;
        sqlx::query(sql)
            .bind(&self.booking)
            .bind(amount.amount)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn requested(&mut self, requested: &OperationRequested) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO operations (operation, booking, number, kind, amount, status, provider_reference, requested_at)
             SELECT ?1, ?2, count(*) + 1, ?3, ?4, 'open', ?5, ?6 FROM operations WHERE booking = ?2",
        )
        .bind(requested.operation.to_string())
        .bind(&self.booking)
        .bind(requested.kind.as_str())
        .bind(requested.amount.amount)
        .bind(requested.provider_reference.as_deref())
        .bind(self.at)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn closed(&mut self, closed: &OperationClosed) -> Result<(), sqlx::Error> {
        let (status, code, reference) = match &closed.result {
            OperationResult::Succeeded {
                provider_reference, ..
            } => ("succeeded", None, Some(provider_reference)),
            OperationResult::Refused { code } => ("refused", Some(code), None),
        };
        sqlx::query(
            "UPDATE operations SET status = ?2, code = ?3, attempts = ?4, closed_at = ?5,
                    provider_reference = coalesce(?6, provider_reference)
             WHERE operation = ?1",
        )
        .bind(closed.operation.to_string())
        .bind(status)
        .bind(code)
        .bind(i64::from(closed.attempt))
        .bind(self.at)
        .bind(reference)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn settled(&mut self, settled: &Settled) -> Result<(), sqlx::Error> {
        self.set("payable", settled.settlement.payable).await?;
        self.status(PaymentStatus::BalanceDue, None).await?;
        let update = sqlx::query("UPDATE payments SET driver = ?2 WHERE booking = ?1");
        update
            .bind(&self.booking)
            .bind(settled.settlement.driver.to_string())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn receivable(&mut self, entry: &crate::domain::Entry) -> Result<(), sqlx::Error> {
        let change: Money = entry
            .postings()
            .iter()
            .filter(|posting| posting.account == crate::domain::Account::RiderReceivable)
            .map(|posting| posting.amount)
            .sum();
        self.add("balance", change).await
    }
}
