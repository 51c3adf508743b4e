//! The payment books in PostgreSQL.

mod queries;
mod schema;
mod store;

use super::{Opened, rows::bookings_of};
use async_trait::async_trait;
use interstate_eventing::Event;
use interstate_stores::postgres::{OpenError, PgProjection, PgProjectionError, PgReadModel, Postgres};
use queries::PgPayments;
use schema::{MIGRATIONS, TABLES};
use sqlx::PgConnection;
use std::sync::Arc;

/// What people wait for, and a key of it in SQL: each has an index.
#[cfg(test)]
pub(super) const QUESTIONS: [(&str, &str); 7] = [
    (store::PAYMENTS, "ARRAY['bkg_7']"),
    (store::ALL, "'bkg_7'"),
    (store::WITH_CASE, "'bkg_7'"),
    (store::WITHOUT_CASE, "'bkg_7'"),
    (store::OPERATIONS, "ARRAY['bkg_7']"),
    (queries::ACCOUNTS_OF_DRIVER, "'drv_7'"),
    (queries::TRIPS_OF_DRIVER, "'drv_7'"),
];

/// Writes the books.
struct PaymentBooks;

/// Whether the books could be opened on a server. Makes nothing there.
///
/// # Errors
/// As [`open`].
pub async fn look(server: &Postgres) -> Result<(), OpenError> {
    PgReadModel::<PaymentBooks>::look(server).await
}

/// The books on a server.
///
/// # Errors
/// The server cannot be used.
pub async fn open(server: &Postgres) -> Result<Opened, OpenError> {
    let model = PgReadModel::open(server, PaymentBooks).await?;
    Ok(Opened {
        reads: Arc::new(PgPayments::new(model.readers())),
        model: Arc::new(model),
    })
}

#[async_trait]
impl PgProjection for PaymentBooks {
    const NAME: &'static str = "payment-books";
    const VERSION: u32 = 3;
    const TABLES: &'static [&'static str] = TABLES;
    const MIGRATIONS: &'static [&'static str] = MIGRATIONS;

    async fn apply(&self, tx: &mut PgConnection, events: &[&Event]) -> Result<(), PgProjectionError> {
        let bookings = bookings_of(events);
        let bookings: Vec<String> = bookings.map_err(PgProjectionError::event)?.into_iter().collect();
        if bookings.is_empty() {
            return Ok(());
        }
        let mut books = store::load(tx, &bookings).await?;
        for event in events {
            books.take_up(event).map_err(PgProjectionError::event)?;
        }
        Ok(store::write(tx, &books).await?)
    }
}
