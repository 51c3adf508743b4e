//! What a service says of a read model: its tables, and what each event does to them.

use crate::ProjectionError;
use async_trait::async_trait;
use interstate_eventing::Event;
use sqlx::SqliteConnection;

/// A read model in SQLite. Everything in its tables follows from events.
#[async_trait]
pub trait Projection: Send + Sync + 'static {
    /// Its name, `booking-history`.
    const NAME: &'static str;
    /// Grows when the tables, or what an event does to them, change: it is then rebuilt from the log at start.
    const VERSION: u32;
    /// The names of its tables, all of them.
    const TABLES: &'static [&'static str];
    /// The statements that make them.
    const SCHEMA: &'static [&'static str];

    /// What an event does, within the transaction that moves the position. Pass over the types that it does
    /// not remember, and use statements whose text does not change, so that they are prepared once.
    ///
    /// # Errors
    /// `?` on sqlx and on [`Event::decode`] tells a failing store (the same events come again) from a failing
    /// event (it is parked, with the later ones of its subject).
    async fn apply(&self, tx: &mut SqliteConnection, event: &Event) -> Result<(), ProjectionError>;

    /// What events do that follow each other, within one transaction. Each statement is handed to SQLite's own
    /// thread and waited for, which costs more than most statements do: a projection that writes a row an event
    /// can write many rows with one. The rows must be those that [`Projection::apply`] makes one by one; after a
    /// failure that is what happens.
    ///
    /// # Errors
    /// As of [`Projection::apply`]. Nothing of the events is kept then.
    async fn apply_all(&self, tx: &mut SqliteConnection, events: &[&Event]) -> Result<(), ProjectionError> {
        for event in events {
            self.apply(tx, event).await?;
        }
        Ok(())
    }

    /// What the events have done can be seen now: the place to wake whoever waits for it.
    fn committed(&self) {}
}
