//! What the read model is asked, and who answers it.

use super::{BookingRow, QuoteRow, StoryEntry};
use crate::domain::booking::Stage;
use async_trait::async_trait;
use interstate_eventing::projection::{Changes, Watch};
use interstate_schemas::{BookingId, QuoteId, Timestamp, UserId};
use interstate_stores::QueryError;
use std::{collections::BTreeMap, sync::Arc};

/// The store did not answer, or holds something that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store.
    #[error("the history of bookings cannot be read: {0}")]
    Store(#[from] QueryError),
    /// A row.
    #[error("the history of bookings has an impossible {column}: {why}")]
    Row {
        /// Where.
        column: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Whose bookings are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A rider's.
    Rider(UserId),
    /// Those that this user drives.
    Driver(UserId),
    /// Everybody's.
    All,
}

/// Which of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those in this state.
    pub stage: Option<Stage>,
    /// Those with an open support case, or those without.
    pub support_case: Option<bool>,
}

/// Where a list goes on: behind this booking.
pub type After = (Timestamp, BookingId);

/// Quotes, bookings and their stories, in whatever store they are.
#[async_trait]
pub trait Bookings: Send + Sync {
    /// One quote.
    async fn quote(&self, quote: QuoteId) -> Result<Option<QuoteRow>, HistoryError>;

    /// One booking.
    async fn booking(&self, booking: BookingId) -> Result<Option<BookingRow>, HistoryError>;

    /// Bookings, the last booked first, after this one.
    async fn list(
        &self,
        whose: Whose,
        filter: Filter,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<BookingRow>, HistoryError>;

    /// How many bookings stand where.
    async fn by_stage(&self) -> Result<BTreeMap<String, u64>, HistoryError>;

    /// What happened to a booking and its quote, the oldest first.
    async fn story(&self, booking: &BookingRow) -> Result<Vec<StoryEntry>, HistoryError>;
}

/// Reads `booking-history`. Clones share the store.
#[derive(Clone)]
pub struct BookingHistory {
    bookings: Arc<dyn Bookings>,
    changes: Changes<BookingId, BookingRow>,
}

impl BookingHistory {
    /// Reads these; `changes` is that of the projection.
    pub fn new(bookings: impl Bookings + 'static, changes: Changes<BookingId, BookingRow>) -> Self {
        Self {
            bookings: Arc::new(bookings),
            changes,
        }
    }

    /// Changes of a booking from now on.
    pub fn watch(&self, booking: BookingId) -> Watch<BookingId, BookingRow> {
        self.changes.watch(booking)
    }
}

impl std::ops::Deref for BookingHistory {
    type Target = dyn Bookings;

    fn deref(&self) -> &Self::Target {
        &*self.bookings
    }
}
