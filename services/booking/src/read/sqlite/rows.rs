//! The questions in SQL.

use super::{
    super::{
        BookingRow, Filter, HistoryError, QuoteRow, QuoteView, StoryEntry, Whose,
        history::{After, Bookings},
        row::{word, wrong},
    },
    row, story,
};
use async_trait::async_trait;
use interstate_schemas::{BookingId, QuoteId};
use interstate_stores::Readers;
use rusqlite::{Connection, Row, params_from_iter, types::Value};
use std::collections::BTreeMap;

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The tables of a file. Clones share the connections.
#[derive(Clone)]
pub struct SqliteBookings {
    rows: Readers,
}

impl SqliteBookings {
    /// Reads these.
    pub fn new(rows: Readers) -> Self {
        Self { rows }
    }
}

#[async_trait]
impl Bookings for SqliteBookings {
    async fn quote(&self, quote: QuoteId) -> Result<Option<QuoteRow>, HistoryError> {
        let found = self.rows.read(move |rows| {
            // Who accepts a quote has its booking in the same transaction.
            let mut select = rows.prepare_cached(
                "SELECT q.rider, q.view, b.booking FROM quotes q LEFT JOIN bookings b ON b.booking = ?2
                 WHERE q.quote = ?1",
            )?;
            let mut found = select.query([quote.to_string(), BookingId::from(quote).to_string()])?;
            found.next()?.map(quote_row).transpose()
        });
        found.await
    }

    async fn booking(&self, booking: BookingId) -> Result<Option<BookingRow>, HistoryError> {
        self.rows.read(move |rows| self::booking(rows, booking)).await
    }

    async fn list(
        &self,
        whose: Whose,
        filter: Filter,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<BookingRow>, HistoryError> {
        let (column, user) = match whose {
            Whose::Rider(user) => ("rider = ?", Some(user)),
            Whose::Driver(user) => ("driver_user = ?", Some(user)),
            Whose::All => ("TRUE", None),
        };
        let Filter { stage, support_case } = filter;
        let at_stage = if stage.is_some() { "stage = ?" } else { "TRUE" };
        // Spelt out, so that the index of open cases serves.
        let with_case = match support_case {
            Some(true) => "support_case = 1",
            Some(false) => "support_case = 0",
            None => "TRUE",
        };
        let paged = if after.is_some() {
            "(booked_at, booking) < (?, ?)"
        } else {
            "TRUE"
        };
        let sql = format!(
            "SELECT * FROM bookings WHERE {column} AND {at_stage} AND {with_case} AND {paged} \
             ORDER BY booked_at DESC, booking DESC LIMIT ?"
        );
        let mut values: Vec<Value> = Vec::new();
        values.extend(user.map(|user| user.to_string().into()));
        values.extend(stage.map(|stage| word(stage).into()));
        if let Some((booked_at, booking)) = after {
            values.extend([booked_at.as_millisecond().into(), booking.to_string().into()]);
        }
        values.push(i64::from(limit).into());
        let rows = self.rows.read(move |rows| {
            let mut select = rows.prepare_cached(&sql)?;
            let found = select.query_and_then(params_from_iter(values), row::booking)?;
            found.collect()
        });
        rows.await
    }

    async fn by_stage(&self) -> Result<BTreeMap<String, u64>, HistoryError> {
        let counted = self.rows.read(|rows| {
            let mut select =
                rows.prepare_cached("SELECT stage, COUNT(*) AS bookings FROM bookings GROUP BY stage")?;
            let counted = select.query_and_then([], |row| {
                Ok((row.get("stage")?, row.get::<_, i64>("bookings")?.unsigned_abs()))
            })?;
            counted.collect()
        });
        counted.await
    }

    async fn story(&self, booking: &BookingRow) -> Result<Vec<StoryEntry>, HistoryError> {
        let subjects = [booking.quote.to_string(), booking.booking.to_string()];
        let told = self.rows.read(|rows| {
            // A booking begins after its quote's last event, whatever the clocks of their partitions say.
            let mut select = rows.prepare_cached(
                "SELECT * FROM stories WHERE subject IN (?1, ?2) ORDER BY subject = ?2, version",
            )?;
            let told = select.query_and_then(subjects, story::entry)?;
            told.collect()
        });
        told.await
    }
}

/// One booking, as this connection sees it.
pub(super) fn booking(rows: &Connection, booking: BookingId) -> Result<Option<BookingRow>, HistoryError> {
    let mut select = rows.prepare_cached("SELECT * FROM bookings WHERE booking = ?")?;
    let mut found = select.query([booking.to_string()])?;
    found.next()?.map(row::booking).transpose()
}

fn quote_row(found: &Row<'_>) -> Result<QuoteRow, HistoryError> {
    let view: String = found.get("view")?;
    let mut view: QuoteView = serde_json::from_str(&view).map_err(|error| wrong("view", &error))?;
    let booking: Option<String> = found.get("booking")?;
    view.booking = booking.and_then(|booking| booking.parse().ok());
    Ok(QuoteRow {
        rider: row::parsed(found, "rider")?,
        view,
    })
}
