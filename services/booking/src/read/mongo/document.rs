//! The document of a trip.

use super::super::{
    BookingRow, HistoryError, MoneyView, SagaView, StoryEntry,
    columns::{Columns, Value},
    row::wrong,
    story,
};
use crate::domain::booking::{Plan, Stage};
use interstate_eventing::Event;
use interstate_schemas::{
    BookingId, DriverCard, DriverId, Money, QuoteId, Timestamp, TripKind, UserId, VehicleClass, VehicleId,
};
use interstate_stores::mongo::bson::{
    Bson, DateTime, Document, RawDocumentBuf, deserialize_from_document, doc,
};
use serde::{Deserialize, Serialize};

/// A trip. Its `_id` is that of the booking that it is, or may become.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TripDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quote: Option<Quoted>,
    /// What lists and the booking's own screen show; nothing before the quote is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) booking: Option<Document>,
    /// The story, each part in its own order: the booking's begins behind its quote's end.
    #[serde(default)]
    pub(super) quote_story: Vec<Told>,
    #[serde(default)]
    pub(super) booking_story: Vec<Told>,
}

/// A quote as its rider is shown it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Quoted {
    pub rider: String,
    pub expires_at: DateTime,
    /// A [`QuoteView`](super::super::QuoteView).
    pub view: RawDocumentBuf,
}

/// An event in a story.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    event: String,
    what: String,
    at: DateTime,
    actor: String,
    causation: String,
    correlation: String,
    /// JSON, as it was said, whatever names its members have.
    detail: String,
}

impl Told {
    pub fn of(event: &Event) -> Self {
        Self {
            event: event.id.to_string(),
            what: event.event_type.to_string(),
            at: date(event.time),
            actor: event.actor.to_string(),
            causation: event.causation.to_string(),
            correlation: event.correlation.to_string(),
            detail: story::detail(&event.payload),
        }
    }

    pub fn entry(self) -> Result<StoryEntry, HistoryError> {
        Ok(StoryEntry {
            event: self.event,
            what: self.what,
            at: time("at", self.at)?,
            actor: self.actor,
            causation: self.causation,
            correlation: self.correlation,
            detail: serde_json::from_str(&self.detail).map_err(|error| wrong("detail", &error))?,
        })
    }
}

/// A booking's fields before anything is known of them.
pub(super) fn blank() -> Document {
    doc! {
        "held": 0_i64, "captured": 0_i64, "fee": 0_i64, "refund": 0_i64,
        "plan": "near", "saga_phase": "idle", "saga_step": "", "support_case": false,
    }
}

/// Takes columns over.
pub(super) fn set(booking: &mut Document, columns: Columns) {
    for (name, value) in columns {
        let value = match value {
            Value::Text(text) => Bson::String(text),
            Value::Number(number) => Bson::Int64(number),
            Value::Flag(yes) => Bson::Boolean(yes),
            Value::Time(time) => Bson::DateTime(date(time)),
            Value::Json(text) => serde_json::from_str(&text).unwrap_or(Bson::Null),
            Value::Nothing => {
                booking.remove(name);
                continue;
            }
        };
        booking.insert(name, value);
    }
}

pub(super) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

pub(super) fn time(field: &'static str, date: DateTime) -> Result<Timestamp, HistoryError> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(|error| wrong(field, &error))
}

/// The booking's part of a document, as it is read.
#[derive(Deserialize)]
struct Booked {
    quote: QuoteId,
    rider: UserId,
    stage: Stage,
    because: Option<String>,
    driver: Option<DriverId>,
    driver_user: Option<UserId>,
    vehicle: Option<VehicleId>,
    card: Option<DriverCard>,
    kind: TripKind,
    class: VehicleClass,
    origin: String,
    destination: String,
    pickup_at: DateTime,
    ends_at: DateTime,
    payable: i64,
    advance: i64,
    held: i64,
    captured: i64,
    balance: i64,
    fee: i64,
    refund: i64,
    plan: Plan,
    saga_phase: String,
    saga_step: String,
    support_case: bool,
    booked_at: DateTime,
    updated_at: DateTime,
    version: i64,
}

/// A booking as the rest of the service knows it.
pub(super) fn row(booking: BookingId, document: Document) -> Result<BookingRow, HistoryError> {
    let found: Booked = deserialize_from_document(document).map_err(|error| wrong("booking", &error))?;
    Ok(BookingRow {
        booking,
        quote: found.quote,
        rider: found.rider,
        stage: found.stage,
        because: found.because,
        driver: found.driver,
        driver_user: found.driver_user,
        vehicle: found.vehicle,
        card: found.card,
        kind: found.kind,
        class: found.class,
        from: found.origin,
        to: found.destination,
        pickup_at: time("pickup_at", found.pickup_at)?,
        ends_at: time("ends_at", found.ends_at)?,
        money: MoneyView {
            payable: Money::inr(found.payable),
            advance: Money::inr(found.advance),
            held: Money::inr(found.held),
            captured: Money::inr(found.captured),
            balance: Money::inr(found.balance),
            fee: Money::inr(found.fee),
            refund: Money::inr(found.refund),
        },
        saga: SagaView {
            plan: found.plan,
            phase: found.saga_phase,
            step: found.saga_step,
            support_case: found.support_case,
        },
        booked_at: time("booked_at", found.booked_at)?,
        updated_at: time("updated_at", found.updated_at)?,
        version: found.version.unsigned_abs(),
    })
}
