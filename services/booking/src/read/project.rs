//! From events to rows.

use super::{BookingRow, change::Changed, history, row::word, schema, story};
use crate::{
    api::QuoteView,
    domain::{
        booking::{Booking, BookingEvent, Order, Stage},
        quote::{Quote, QuoteAccepted, QuoteEvent, QuoteIssued},
    },
};
use interstate_eventing::{Aggregate, Event, decode_json, encode_json, projection::Changes};
use interstate_schemas::{BookingId, Timestamp, UserId};
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

    fn booking(&self, tx: &Connection, event: &Event, changed: &mut Changed) -> Result<(), ProjectionError> {
        let not_an_id = || ProjectionError::event(format!("the subject `{}` is no booking", event.subject));
        let booking: BookingId = event.subject.parse().map_err(|_| not_an_id())?;
        match event.decode::<BookingEvent>()? {
            BookingEvent::Requested(requested) => {
                let row = NewBooking::ordered(&requested.order, event.time, event.version);
                row.write(tx, INSERT_OR_REPLACE)?;
            }
            change => changed.note(event, &change),
        }
        self.changes.stage(&booking);
        Ok(())
    }
}

impl Projection for BookingProjection {
    const NAME: &'static str = "booking-history";
    const VERSION: u32 = 2;
    const TABLES: &'static [&'static str] = schema::TABLES;
    const SCHEMA: &'static [&'static str] = schema::SCHEMA;

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
                self.booking(tx, event, &mut changed)?;
                continue;
            }
            match event.decode::<QuoteEvent>()? {
                QuoteEvent::Issued(issued) => quoted(tx, &issued)?,
                QuoteEvent::Accepted(accepted) => accept(tx, event, &accepted)?,
                QuoteEvent::Expired(_) => {}
            }
        }
        // A booking's own first event writes its row, so that there is one by now.
        Ok(changed.write(tx)?)
    }

    fn committed(&self, rows: &Connection) {
        self.changes
            .announce_staged(|booking| history::booking(rows, *booking).ok().flatten());
    }
}

fn quoted(tx: &Connection, issued: &QuoteIssued) -> rusqlite::Result<()> {
    let view = encode_json(&QuoteView::of_event(issued));
    tx.prepare_cached("INSERT INTO quotes (quote, rider, view) VALUES (?, ?, ?)")?
        .execute(params![
            issued.quote.to_string(),
            issued.rider.to_string(),
            String::from_utf8_lossy(&view)
        ])?;
    Ok(())
}

/// Whoever accepted a quote finds the booking at once: the booking's own first event stands in another partition
/// and may come a moment later. It then overwrites this row, so that both orders end the same.
fn accept(tx: &Connection, event: &Event, accepted: &QuoteAccepted) -> Result<(), ProjectionError> {
    let mut update = tx.prepare_cached("UPDATE quotes SET booking = ? WHERE quote = ? RETURNING view")?;
    let keys = [accepted.booking.to_string(), accepted.quote.to_string()];
    let view: String = update.query_one(keys, |row| row.get("view"))?;
    let view: QuoteView = decode_json("quote view", view.as_bytes())?;
    let row = NewBooking::quoted(&view, accepted.booking, accepted.rider, event.time);
    row.write(tx, INSERT_OR_IGNORE)?;
    Ok(())
}

const INSERT_OR_REPLACE: &str = "INSERT OR REPLACE";
const INSERT_OR_IGNORE: &str = "INSERT OR IGNORE";
const NEW_BOOKING: &str = " INTO bookings (booking, quote, rider, stage, kind, class, origin, destination, \
     pickup_at, ends_at, payable, advance, balance, booked_at, updated_at, version) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15)";

/// The first row of a booking, from its quote or from itself.
struct NewBooking {
    view: QuoteView,
    booking: BookingId,
    rider: UserId,
    at: Timestamp,
    version: u64,
}

impl NewBooking {
    fn quoted(view: &QuoteView, booking: BookingId, rider: UserId, at: Timestamp) -> Self {
        Self {
            view: view.clone(),
            booking,
            rider,
            at,
            version: 0,
        }
    }

    fn ordered(order: &Order, at: Timestamp, version: u64) -> Self {
        Self {
            view: QuoteView::of_order(order),
            booking: order.booking,
            rider: order.rider,
            at,
            version,
        }
    }

    fn write(&self, tx: &Connection, verb: &'static str) -> rusqlite::Result<()> {
        let view = &self.view;
        let stops = &view.route.stops;
        let name =
            |stop: Option<&interstate_schemas::Stop>| stop.map_or_else(String::new, |stop| stop.name.clone());
        let sql = [verb, NEW_BOOKING].concat();
        tx.prepare_cached(&sql)?.execute(params![
            self.booking.to_string(),
            view.quote.to_string(),
            self.rider.to_string(),
            word(Stage::PendingPayment),
            word(view.kind),
            word(view.class),
            name(stops.first()),
            name(stops.last()),
            view.pickup_at.as_millisecond(),
            view.ends_at.as_millisecond(),
            view.fare.payable.amount,
            view.fare.advance.amount,
            view.fare.balance.amount,
            self.at.as_millisecond(),
            self.version.cast_signed(),
        ])?;
        Ok(())
    }
}
