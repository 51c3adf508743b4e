//! From events to rows.

use super::{change::Changed, row::word, schema, story};
use crate::{
    api::QuoteView,
    domain::{
        booking::{Booking, BookingEvent, Order, Stage},
        quote::{Quote, QuoteAccepted, QuoteEvent, QuoteIssued},
    },
};
use async_trait::async_trait;
use interstate_eventing::{Aggregate, Event, decode_json, encode_json, projection::Changes};
use interstate_schemas::{BookingId, Timestamp, UserId};
use interstate_stores::{Projection, ProjectionError};
use sqlx::{Row, SqliteConnection};

/// Writes `booking-history`.
#[derive(Clone)]
pub struct BookingProjection {
    changes: Changes<BookingId>,
}

impl BookingProjection {
    /// Announces each changed booking to `changes`.
    pub fn new(changes: Changes<BookingId>) -> Self {
        Self { changes }
    }

    async fn booking(
        &self,
        tx: &mut SqliteConnection,
        event: &Event,
        changed: &mut Changed,
    ) -> Result<(), ProjectionError> {
        let not_an_id = || ProjectionError::event(format!("the subject `{}` is no booking", event.subject));
        let booking: BookingId = event.subject.parse().map_err(|_| not_an_id())?;
        match event.decode::<BookingEvent>()? {
            BookingEvent::Requested(requested) => {
                let row = NewBooking::ordered(&requested.order, event.time, event.version);
                row.write(tx, "INSERT OR REPLACE").await?;
            }
            change => changed.note(event, &change),
        }
        self.changes.stage(&booking);
        Ok(())
    }
}

#[async_trait]
impl Projection for BookingProjection {
    const NAME: &'static str = "booking-history";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = schema::TABLES;
    const SCHEMA: &'static [&'static str] = schema::SCHEMA;

    async fn apply(&self, tx: &mut SqliteConnection, event: &Event) -> Result<(), ProjectionError> {
        self.apply_all(tx, &[event]).await
    }

    /// The stories first, with many rows a statement: no other table asks for them.
    async fn apply_all(&self, tx: &mut SqliteConnection, events: &[&Event]) -> Result<(), ProjectionError> {
        let told = |event: &&Event| [Quote::NAME, Booking::NAME].contains(&event.aggregate.as_ref());
        let told: Vec<&Event> = events.iter().copied().filter(told).collect();
        story::write(tx, &told).await?;
        let mut changed = Changed::default();
        for event in told {
            if event.aggregate == Booking::NAME {
                self.booking(tx, event, &mut changed).await?;
                continue;
            }
            match event.decode::<QuoteEvent>()? {
                QuoteEvent::Issued(issued) => quoted(tx, &issued).await?,
                QuoteEvent::Accepted(accepted) => accept(tx, event, &accepted).await?,
                QuoteEvent::Expired(_) => {}
            }
        }
        // A booking's own first event writes its row, so that there is one by now.
        Ok(changed.write(tx).await?)
    }

    fn committed(&self) {
        self.changes.announce_staged();
    }
}

async fn quoted(tx: &mut SqliteConnection, issued: &QuoteIssued) -> Result<(), sqlx::Error> {
    let view = encode_json(&QuoteView::of_event(issued));
    sqlx::query("INSERT INTO quotes (quote, rider, view) VALUES (?, ?, ?)")
        .bind(issued.quote.to_string())
        .bind(issued.rider.to_string())
        .bind(String::from_utf8_lossy(&view).into_owned())
        .execute(tx)
        .await?;
    Ok(())
}

/// Whoever accepted a quote finds the booking at once: the booking's own first event stands in another partition
/// and may come a moment later. It then overwrites this row, so that both orders end the same.
async fn accept(
    tx: &mut SqliteConnection,
    event: &Event,
    accepted: &QuoteAccepted,
) -> Result<(), ProjectionError> {
    let quote = sqlx::query("UPDATE quotes SET booking = ? WHERE quote = ? RETURNING view")
        .bind(accepted.booking.to_string())
        .bind(accepted.quote.to_string())
        .fetch_one(&mut *tx)
        .await?;
    let view: String = quote.try_get("view")?;
    let view: QuoteView = decode_json("quote view", view.as_bytes())?;
    let row = NewBooking::quoted(&view, accepted.booking, accepted.rider, event.time);
    row.write(tx, "INSERT OR IGNORE").await?;
    Ok(())
}

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

    async fn write(&self, tx: &mut SqliteConnection, verb: &'static str) -> Result<(), sqlx::Error> {
        let view = &self.view;
        let stops = &view.route.stops;
        let name =
            |stop: Option<&interstate_schemas::Stop>| stop.map_or_else(String::new, |stop| stop.name.clone());
        let sql = format!(
            "{verb} INTO bookings (booking, quote, rider, stage, kind, class, origin, destination, pickup_at, \
             ends_at, payable, advance, balance, booked_at, updated_at, version) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15)"
        );
        sqlx::query(&sql)
            .bind(self.booking.to_string())
            .bind(view.quote.to_string())
            .bind(self.rider.to_string())
            .bind(word(Stage::PendingPayment))
            .bind(word(view.kind))
            .bind(word(view.class))
            .bind(name(stops.first()))
            .bind(name(stops.last()))
            .bind(view.pickup_at.as_millisecond())
            .bind(view.ends_at.as_millisecond())
            .bind(view.fare.payable.amount)
            .bind(view.fare.advance.amount)
            .bind(view.fare.balance.amount)
            .bind(self.at.as_millisecond())
            .bind(self.version.cast_signed())
            .execute(tx)
            .await?;
        Ok(())
    }
}
