//! The payment books in SQLite.

mod queries;
mod schema;
mod store;

use super::{Opened, rows::bookings_of};
use interstate_eventing::Event;
use interstate_stores::{Projection, ProjectionError, Sqlite, SqliteError, SqliteReadModel};
pub use queries::SqlitePayments;
use rusqlite::Connection;
use schema::{SCHEMA, TABLES};
use std::sync::Arc;

/// What is remembered of payments: where each stands, its operations, the journal, and the balances.
#[derive(Debug, Clone, Copy, Default)]
pub struct PaymentBooks;

/// The books in a file.
///
/// # Errors
/// The file cannot be written.
pub async fn open(db: &Sqlite) -> Result<Opened, SqliteError> {
    Ok(Opened {
        model: Arc::new(SqliteReadModel::open(db, PaymentBooks).await?),
        reads: Arc::new(SqlitePayments::new(db.readers().clone())),
    })
}

impl Projection for PaymentBooks {
    const NAME: &'static str = "payment-books";
    const VERSION: u32 = 5;
    const TABLES: &'static [&'static str] = TABLES;
    const SCHEMA: &'static [&'static str] = SCHEMA;

    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
        self.apply_all(tx, &[event])
    }

    fn apply_all(&self, tx: &Connection, events: &[&Event]) -> Result<(), ProjectionError> {
        let bookings = bookings_of(events).map_err(ProjectionError::event)?;
        if bookings.is_empty() {
            return Ok(());
        }
        let mut books = store::load(tx, bookings)?;
        for event in events {
            books.take_up(event).map_err(ProjectionError::event)?;
        }
        Ok(store::write(tx, &books)?)
    }
}
