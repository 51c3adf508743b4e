//! The questions, asked.

use super::{
    super::{
        After, BookingRow, Bookings, Filter, HistoryError, QuoteRow, QuoteView, StoryEntry, Whose, row::wrong,
    },
    document::{Told, row},
    query,
};
use async_trait::async_trait;
use futures::TryStreamExt;
use interstate_schemas::{BookingId, QuoteId, UserId};
use interstate_stores::mongo::{
    MongoError, MongoReaders,
    bson::{Document, doc},
};
use serde::Deserialize;
use std::collections::BTreeMap;

impl From<MongoError> for HistoryError {
    fn from(error: MongoError) -> Self {
        Self::Store(error.into())
    }
}

/// The documents of a database. Clones share its connections.
#[derive(Clone)]
pub struct MongoBookings {
    trips: MongoReaders,
}

impl MongoBookings {
    /// Reads these.
    pub fn new(trips: MongoReaders) -> Self {
        Self { trips }
    }
}

/// Of a trip what a quote's screen shows.
#[derive(Deserialize)]
struct AsQuote {
    quote: Option<Shown>,
    booking: Option<Document>,
}

#[derive(Deserialize)]
struct Shown {
    rider: UserId,
    view: QuoteView,
}

/// Of a trip what a list shows.
#[derive(Deserialize)]
struct AsBooking {
    #[serde(rename = "_id")]
    id: String,
    booking: Document,
}

impl AsBooking {
    fn row(self) -> Result<BookingRow, HistoryError> {
        let booking = self.id.parse().map_err(|error| wrong("booking", &error))?;
        row(booking, self.booking)
    }
}

/// Of a trip what its story tells.
#[derive(Deserialize)]
struct AsStory {
    #[serde(default)]
    quote_story: Vec<Told>,
    #[serde(default)]
    booking_story: Vec<Told>,
}

#[derive(Deserialize)]
struct Counted {
    #[serde(rename = "_id")]
    stage: String,
    bookings: i64,
}

#[async_trait]
impl Bookings for MongoBookings {
    async fn quote(&self, quote: QuoteId) -> Result<Option<QuoteRow>, HistoryError> {
        let booking = BookingId::from(quote);
        let only = doc! { "_id": booking.to_string() };
        let shown = doc! { "quote.rider": 1, "quote.view": 1, "booking.quote": 1 };
        let found = self
            .trips
            .ask(async |trips| trips.find_one(only).projection(shown).await);
        let found: Option<AsQuote> = found.await?;
        Ok(found.and_then(|trip| {
            let Shown { rider, mut view } = trip.quote?;
            view.booking = trip.booking.map(|_| booking);
            Some(QuoteRow { rider, view })
        }))
    }

    async fn booking(&self, booking: BookingId) -> Result<Option<BookingRow>, HistoryError> {
        let only = doc! { "_id": booking.to_string(), "booking": { "$exists": true } };
        let shown = doc! { "booking": 1 };
        let found = self
            .trips
            .ask(async |trips| trips.find_one(only).projection(shown).await);
        let found: Option<AsBooking> = found.await?;
        found.map(AsBooking::row).transpose()
    }

    async fn list(
        &self,
        whose: Whose,
        filter: Filter,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<BookingRow>, HistoryError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let query = query::list(whose, filter, after);
        let (sort, shown) = (query.sorted(), doc! { "booking": 1 });
        let found = self.trips.ask(async |trips| {
            let found = trips
                .find(query.only)
                .sort(sort)
                .limit(i64::from(limit))
                .projection(shown);
            found.await?.try_collect().await
        });
        let found: Vec<AsBooking> = found.await?;
        found.into_iter().map(AsBooking::row).collect()
    }

    async fn by_stage(&self) -> Result<BTreeMap<String, u64>, HistoryError> {
        let counting = [
            doc! { "$match": { "booking.stage": { "$gt": "" } } },
            doc! { "$group": { "_id": "$booking.stage", "bookings": { "$sum": 1_i64 } } },
        ];
        let found = self
            .trips
            .ask(async |trips: interstate_stores::mongo::Collection<Document>| {
                trips
                    .aggregate(counting)
                    .with_type::<Counted>()
                    .await?
                    .try_collect::<Vec<_>>()
                    .await
            });
        let found = found.await?;
        Ok(found
            .into_iter()
            .map(|counted| (counted.stage, counted.bookings.unsigned_abs()))
            .collect())
    }

    async fn story(&self, booking: &BookingRow) -> Result<Vec<StoryEntry>, HistoryError> {
        let only = doc! { "_id": booking.booking.to_string() };
        let shown = doc! { "quote_story": 1, "booking_story": 1 };
        let found = self
            .trips
            .ask(async |trips| trips.find_one(only).projection(shown).await);
        let found: Option<AsStory> = found.await?;
        let Some(trip) = found else {
            return Ok(Vec::new());
        };
        trip.quote_story
            .into_iter()
            .chain(trip.booking_story)
            .map(Told::entry)
            .collect()
    }
}
