//! What a service says of a read model: its tables, and what each event does to them.

use super::ProjectionError;
use interstate_eventing::Event;
use rusqlite::Connection;

/// A read model in SQLite. Everything in its tables follows from events.
pub trait Projection: Send + Sync + 'static {
    /// Its name, `booking-history`.
    const NAME: &'static str;
    /// Grows when the tables, or what an event does to them, change: it is then rebuilt from the log at start.
    const VERSION: u32;
    /// The names of its tables, all of them.
    const TABLES: &'static [&'static str];
    /// The statements that make them.
    const SCHEMA: &'static [&'static str];
    /// The statements that make those indices which only queries use. A file that is filled beside the live one does
    /// without: nobody asks it, and an index costs as much as the row.
    const INDICES: &'static [&'static str] = &[];

    /// What an event does, within the transaction that moves the position. It runs on the thread that writes the
    /// file. Pass over the types that it does not remember, and use statements whose text does not change, with
    /// `prepare_cached`.
    ///
    /// # Errors
    /// `?` on rusqlite and on [`Event::decode`] tells a failing store (the same events come again) from a failing
    /// event (it is parked, with the later ones of its subject).
    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError>;

    /// What events do that follow each other, within one transaction, for a projection that can write a row once
    /// for all events that change it. The rows must be those that [`Projection::apply`] makes one by one; after a
    /// failure that is what happens.
    ///
    /// # Errors
    /// As of [`Projection::apply`]. Nothing of the events is kept then.
    fn apply_all(&self, tx: &Connection, events: &[&Event]) -> Result<(), ProjectionError> {
        events.iter().try_for_each(|event| self.apply(tx, event))
    }

    /// What the events have done can be seen now: the place to wake whoever waits for it, with what `rows` shows.
    /// They are those of the connection that wrote them, which has them at hand.
    fn committed(&self, _rows: &Connection) {}
}
