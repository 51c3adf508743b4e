//! What is asked of the payment books, whatever store has them.

use super::{DriverStatement, JournalAudit, PaymentView, TrialBalance};
use async_trait::async_trait;
use interstate_schemas::{BookingId, DriverId};
use interstate_stores::{QueryError, StoredModel};
use std::sync::Arc;

/// Reads of payments.
#[async_trait]
pub trait PaymentReads: Send + Sync + 'static {
    /// The payment of a booking.
    async fn payment(&self, booking: BookingId) -> Result<Option<PaymentView>, ReadError>;

    /// Payments, that of the last booking first, after this one: those with an open support case, those without, or
    /// both; at most `limit`.
    async fn list(
        &self,
        support_case: Option<bool>,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<PaymentView>, ReadError>;

    /// What a driver is due, with his latest trips, at most `limit`.
    async fn statement(&self, driver: DriverId, limit: u32) -> Result<DriverStatement, ReadError>;

    /// All accounts with their balances.
    async fn trial_balance(&self) -> Result<TrialBalance, ReadError>;

    /// Adds the journal up: whether each entry sums to zero, and each balance is the sum of its postings.
    async fn audit(&self) -> Result<JournalAudit, ReadError>;
}

/// The books in some store.
pub struct Opened {
    /// For runners, rebuilds, and for what is parked.
    pub model: Arc<dyn StoredModel>,
    /// For questions.
    pub reads: Arc<dyn PaymentReads>,
}

/// The read model did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error("the payment read model cannot be read: {0}")]
    Store(#[from] QueryError),
    /// A row that no event can have made.
    #[error("the payment read model holds `{0}`, which cannot be; rebuild it")]
    Damaged(String),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
