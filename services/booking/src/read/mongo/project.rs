//! From events to documents.

use super::{
    super::{
        BookingRow,
        columns::{Value, changed},
        quoted::Issued,
        trip::{Ordered, Trip},
    },
    document::{Quoted, Told, TripDocument, blank, date, row, set},
    query,
};
use crate::domain::{
    booking::{Booking, BookingEvent},
    quote::{Quote, QuoteAccepted, QuoteEvent},
};
use interstate_eventing::{Aggregate, Event, decode_json, projection::Changes};
use interstate_schemas::{BookingId, QuoteId, Timestamp};
use interstate_stores::mongo::{
    FoldError, Index, MongoProjection, Part,
    bson::{Document, RawDocumentBuf, deserialize_from_slice},
};

/// Writes `booking-history`.
#[derive(Clone)]
pub struct BookingDocuments {
    changes: Changes<BookingId, BookingRow>,
}

impl BookingDocuments {
    /// Announces each changed booking to `changes`.
    pub fn new(changes: Changes<BookingId, BookingRow>) -> Self {
        Self { changes }
    }
}

impl MongoProjection for BookingDocuments {
    const NAME: &'static str = "booking-history";
    const VERSION: u32 = 2;
    const EXPIRES: bool = true;
    type Document = TripDocument;

    fn indices() -> Vec<Index> {
        query::indices()
    }

    fn part(&self, event: &Event) -> Result<Option<Part>, FoldError> {
        let subject = &event.subject;
        let (booking, of) = if event.aggregate == Booking::NAME {
            let booking = subject.parse::<BookingId>();
            (
                booking.map_err(|_| FoldError(format!("the subject `{subject}` is no booking")))?,
                "booking",
            )
        } else if event.aggregate == Quote::NAME {
            let quote = subject.parse::<QuoteId>();
            let quote = quote.map_err(|_| FoldError(format!("the subject `{subject}` is no quote")))?;
            (BookingId::from(quote), "quote")
        } else {
            return Ok(None);
        };
        Ok(Some(Part {
            document: booking.to_string(),
            of,
        }))
    }

    fn fold(&self, trip: &mut TripDocument, event: &Event) -> Result<(), FoldError> {
        if event.aggregate == Quote::NAME {
            trip.quote_story.push(Told::of(event));
            fold_quote(trip, event)
        } else {
            trip.booking_story.push(Told::of(event));
            fold_booking(trip, event)
        }
    }

    /// A quote that nobody took.
    fn expires(trip: &TripDocument) -> Option<Timestamp> {
        let offered = trip.quote.as_ref().filter(|_| trip.booking.is_none())?;
        Timestamp::from_millisecond(offered.expires_at.timestamp_millis()).ok()
    }

    fn written(&self, id: &str, trip: &TripDocument) {
        if let (Ok(booking), Some(document)) = (id.parse(), &trip.booking) {
            self.changes
                .announce_with(&booking, || row(booking, document.clone()).ok());
        }
    }
}

fn fold_quote(trip: &mut TripDocument, event: &Event) -> Result<(), FoldError> {
    if event.event_type == Issued::TYPE {
        let issued = Issued::read(&event.payload)?;
        trip.quote = Some(Quoted {
            rider: issued.rider.to_string(),
            expires_at: date(issued.expires_at),
            view: nested(&issued.shown())?,
        });
        return Ok(());
    }
    let QuoteEvent::Accepted(QuoteAccepted { quote, rider, .. }) = event.decode()? else {
        return Ok(());
    };
    // Whoever accepted a quote finds the booking at once, whose own first event may come a moment later from another
    // partition. That one then makes it anew, so that both orders end the same.
    if trip.booking.is_none() {
        let offered = trip.quote.as_ref();
        let offered = offered.ok_or_else(|| FoldError(format!("the quote {quote} is not there")))?;
        let shown: Trip = deserialize_from_slice(offered.view.as_bytes())
            .map_err(|error| FoldError(format!("the view of the quote {quote}: {error}")))?;
        let mut booking = blank();
        set(&mut booking, shown.columns(rider, event.time, 0));
        trip.booking = Some(booking);
    }
    Ok(())
}

fn fold_booking(trip: &mut TripDocument, event: &Event) -> Result<(), FoldError> {
    if event.event_type == Ordered::TYPE {
        let ordered: Ordered = decode_json(Ordered::TYPE, &event.payload)?;
        let mut booking = blank();
        set(&mut booking, ordered.columns(event.time, event.version));
        trip.booking = Some(booking);
        return Ok(());
    }
    let change: BookingEvent = event.decode()?;
    let booking = trip.booking.as_mut();
    let booking = booking.ok_or_else(|| FoldError(format!("the booking {} has not begun", event.subject)))?;
    set(booking, changed(&change));
    set(
        booking,
        vec![
            ("updated_at", Value::Time(event.time)),
            ("version", Value::Number(event.version.cast_signed())),
        ],
    );
    Ok(())
}

/// JSON as a document within the document.
fn nested(json: &str) -> Result<RawDocumentBuf, FoldError> {
    let failed = |error: &dyn std::fmt::Display| FoldError(format!("the view of a quote: {error}"));
    let document: Document = serde_json::from_str(json).map_err(|error| failed(&error))?;
    RawDocumentBuf::try_from(&document).map_err(|error| failed(&error))
}
