//! What the read model is asked.

use super::{BookingRow, QuoteRow, row, story};
use crate::{
    api::{QuoteView, StoryEntry},
    domain::booking::Stage,
};
use interstate_eventing::projection::{Changes, Watch};
use interstate_schemas::{BookingId, QuoteId, Timestamp, UserId};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};
use std::collections::BTreeMap;

/// The store did not answer, or holds something that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store.
    #[error("the history of bookings cannot be read: {0}")]
    Store(#[from] sqlx::Error),
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

/// Reads `booking-history`. Clones share the pool.
#[derive(Clone)]
pub struct BookingHistory {
    pool: SqlitePool,
    changes: Changes<BookingId>,
}

impl BookingHistory {
    /// Reads through this pool; `changes` is that of the projection.
    pub fn new(pool: SqlitePool, changes: Changes<BookingId>) -> Self {
        Self { pool, changes }
    }

    /// Changes of a booking from now on.
    pub fn watch(&self, booking: BookingId) -> Watch<BookingId> {
        self.changes.watch(booking)
    }

    /// One quote.
    ///
    /// # Errors
    /// A [`HistoryError`].
    pub async fn quote(&self, quote: QuoteId) -> Result<Option<QuoteRow>, HistoryError> {
        let found = sqlx::query("SELECT rider, view, booking FROM quotes WHERE quote = ?")
            .bind(quote.to_string())
            .fetch_optional(&self.pool)
            .await?;
        found.map(|found| quote_row(&found)).transpose()
    }

    /// One booking.
    ///
    /// # Errors
    /// A [`HistoryError`].
    pub async fn booking(&self, booking: BookingId) -> Result<Option<BookingRow>, HistoryError> {
        let found = sqlx::query("SELECT * FROM bookings WHERE booking = ?")
            .bind(booking.to_string())
            .fetch_optional(&self.pool)
            .await?;
        found.map(|found| BookingRow::read(&found)).transpose()
    }

    /// Bookings, the last booked first, after this one.
    ///
    /// # Errors
    /// A [`HistoryError`].
    pub async fn list(
        &self,
        whose: Whose,
        stage: Option<Stage>,
        after: Option<(Timestamp, BookingId)>,
        limit: u32,
    ) -> Result<Vec<BookingRow>, HistoryError> {
        let (column, user) = match whose {
            Whose::Rider(user) => ("rider = ?", Some(user)),
            Whose::Driver(user) => ("driver_user = ?", Some(user)),
            Whose::All => ("TRUE", None),
        };
        let at_stage = if stage.is_some() { "stage = ?" } else { "TRUE" };
        let paged = if after.is_some() {
            "(booked_at, booking) < (?, ?)"
        } else {
            "TRUE"
        };
        let sql = format!(
            "SELECT * FROM bookings WHERE {column} AND {at_stage} AND {paged} \
             ORDER BY booked_at DESC, booking DESC LIMIT ?"
        );
        let mut query = sqlx::query(&sql);
        if let Some(user) = user {
            query = query.bind(user.to_string());
        }
        if let Some(stage) = stage {
            query = query.bind(row::word(stage));
        }
        if let Some((booked_at, booking)) = after {
            query = query.bind(booked_at.as_millisecond()).bind(booking.to_string());
        }
        let found = query.bind(limit).fetch_all(&self.pool).await?;
        found.iter().map(BookingRow::read).collect()
    }

    /// How many bookings stand where.
    ///
    /// # Errors
    /// A [`HistoryError`].
    pub async fn by_stage(&self) -> Result<BTreeMap<String, u64>, HistoryError> {
        let found = sqlx::query("SELECT stage, COUNT(*) AS bookings FROM bookings GROUP BY stage")
            .fetch_all(&self.pool)
            .await?;
        found
            .iter()
            .map(|row| {
                Ok((
                    row.try_get("stage")?,
                    row.try_get::<i64, _>("bookings")?.unsigned_abs(),
                ))
            })
            .collect()
    }

    /// What happened to a booking and its quote, the oldest first.
    ///
    /// # Errors
    /// A [`HistoryError`].
    pub async fn story(&self, booking: &BookingRow) -> Result<Vec<StoryEntry>, HistoryError> {
        // A booking begins after its quote's last event, whatever the clocks of their partitions say.
        let found =
            sqlx::query("SELECT * FROM stories WHERE subject IN (?1, ?2) ORDER BY subject = ?2, version")
                .bind(booking.quote.to_string())
                .bind(booking.booking.to_string())
                .fetch_all(&self.pool)
                .await?;
        found.iter().map(story::entry).collect()
    }
}

fn quote_row(found: &SqliteRow) -> Result<QuoteRow, HistoryError> {
    let view: String = found.try_get("view")?;
    let mut view: QuoteView = serde_json::from_str(&view).map_err(|error| row::wrong("view", &error))?;
    let booking: Option<String> = found.try_get("booking")?;
    view.booking = booking.and_then(|booking| booking.parse().ok());
    Ok(QuoteRow {
        rider: row::parsed(found, "rider")?,
        view,
    })
}
