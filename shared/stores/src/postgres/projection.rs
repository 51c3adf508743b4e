//! What a service says of a read model in PostgreSQL: its tables, and what events do to them.

use super::PgProjectionError;
use async_trait::async_trait;
use interstate_eventing::Event;
use sqlx::{PgConnection, PgPool};

/// A read model in a schema of PostgreSQL. Everything in its tables follows from events.
#[async_trait]
pub trait PgProjection: Send + Sync + 'static {
    /// Its name, `payment-books`.
    const NAME: &'static str;
    /// Grows when the tables, or what an event does to them, change so that they must be filled again: the new build
    /// fills a schema of its own from the log while the build before goes on with the old one.
    const VERSION: u32;
    /// The names of its tables, all of them.
    const TABLES: &'static [&'static str];
    /// What makes the tables, in steps that never change once they are published: an index or a column that need no
    /// refill are one more step. Table names stand without a schema.
    const MIGRATIONS: &'static [&'static str];

    /// Extensions that the tables need. A step makes them, in the schema `public`.
    const EXTENSIONS: &'static [&'static str] = &[];

    /// What events do that follow each other, within the transaction that moves the position: with few statements for
    /// all of them (`UNNEST`), rows in the order of their keys so that two transactions cannot wait for each other.
    ///
    /// # Errors
    /// `?` on sqlx and on [`Event::decode`] tells a failing store (the same events come again) from a failing event: then
    /// they come one by one, and the one that fails is parked with the later ones of its subject.
    async fn apply(&self, tx: &mut PgConnection, events: &[&Event]) -> Result<(), PgProjectionError>;

    /// What these events have done can be seen now, whoever took them up: the place to wake who waits for it.
    async fn visible(&self, _rows: &PgPool, _events: &[Event]) {}
}
