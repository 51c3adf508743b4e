//! From events to rows.

use super::{
    super::{BookingRow, quoted::Issued, trip::Ordered},
    change::{Accepted, Changed},
    rows, schema, story,
};
use crate::domain::{
    booking::Booking,
    quote::{Quote, QuoteAccepted, QuoteEvent},
};
use interstate_eventing::{Aggregate, Event, decode_json, projection::Changes};
use interstate_schemas::BookingId;
use interstate_stores::{Projection, ProjectionError};
use rusqlite::{Connection, params};

/// Writes `booking-history`.
#[derive(Clone)]
pub struct BookingProjection {
    changes: Changes<BookingId, BookingRow>,
}

impl BookingProjection {
    /// Announces each changed booking to `changes`.
    pub fn new(changes: Changes<BookingId, BookingRow>) -> Self {
        Self { changes }
    }

    fn booking(&self, event: &Event, changed: &mut Changed) -> Result<(), ProjectionError> {
        let not_an_id = || ProjectionError::event(format!("the subject `{}` is no booking", event.subject));
        let booking: BookingId = event.subject.parse().map_err(|_| not_an_id())?;
        if event.event_type == Ordered::TYPE {
            let ordered: Ordered = decode_json(Ordered::TYPE, &event.payload)?;
            changed.ordered(&event.subject, ordered.columns(event.time, event.version));
        } else {
            changed.note(event, &event.decode()?);
        }
        self.changes.stage(&booking);
        Ok(())
    }
}

impl Projection for BookingProjection {
    const NAME: &'static str = "booking-history";
    const VERSION: u32 = 4;
    const TABLES: &'static [&'static str] = schema::TABLES;
    const SCHEMA: &'static [&'static str] = schema::SCHEMA;
    const INDICES: &'static [&'static str] = schema::INDICES;

    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
        self.apply_all(tx, &[event])
    }

    /// Each row is written once, however many events change it.
    fn apply_all(&self, tx: &Connection, events: &[&Event]) -> Result<(), ProjectionError> {
        let told = |event: &&Event| [Quote::NAME, Booking::NAME].contains(&event.aggregate.as_ref());
        let told: Vec<&Event> = events.iter().copied().filter(told).collect();
        story::write(tx, &told)?;
        let mut changed = Changed::default();
        for event in told {
            if event.aggregate == Booking::NAME {
                self.booking(event, &mut changed)?;
            } else {
                quote(tx, event, &mut changed)?;
            }
        }
        // A booking's own first event writes its row, so that there is one by now.
        changed.write(tx)
    }

    fn committed(&self, rows: &Connection) {
        self.changes
            .announce_staged(|booking| rows::booking(rows, *booking).ok().flatten());
    }
}

fn quote(tx: &Connection, event: &Event, changed: &mut Changed) -> Result<(), ProjectionError> {
    if event.event_type == Issued::TYPE {
        let issued = Issued::read(&event.payload)?;
        tx.prepare_cached("INSERT INTO quotes (quote, rider, view) VALUES (?, ?, ?)")?
            .execute(params![
                issued.quote.to_string(),
                issued.rider.to_string(),
                issued.shown()
            ])?;
        return Ok(());
    }
    if let QuoteEvent::Accepted(accepted) = event.decode()? {
        let QuoteAccepted {
            quote,
            booking,
            rider,
            ..
        } = accepted;
        let at = event.time;
        changed.accepted(booking, Accepted { quote, rider, at });
    }
    Ok(())
}
