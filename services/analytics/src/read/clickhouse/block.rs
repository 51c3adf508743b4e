//! A block of events as rows of tables.

use super::{
    ClickHouse, ClickHouseError,
    look::Look,
    parked::ParkedRow,
    rows::{
        BookingRow, Described, EventRow, LineRow, OfferRow, PostingRow, QuoteRow, StageRow, TripRow,
        WithdrawalRow, moment,
    },
};
use crate::domain::{Fact, facts};
use futures::try_join;
use interstate_eventing::{Event, projection::Parked};
use std::collections::HashSet;

/// Rows, by table.
#[derive(Default)]
pub(super) struct Block {
    pub events: Vec<EventRow>,
    quotes: Vec<QuoteRow>,
    bookings: Vec<BookingRow>,
    stages: Vec<StageRow>,
    withdrawals: Vec<WithdrawalRow>,
    trips: Vec<TripRow>,
    lines: Vec<LineRow>,
    postings: Vec<PostingRow>,
    offers: Vec<OfferRow>,
    pub parked: Vec<ParkedRow>,
}

impl Block {
    /// The rows of these events. What cannot become facts is parked, with the later ones of its subject, which is
    /// then among `waiting`.
    pub fn of(model: &str, events: &[Event], waiting: &mut HashSet<String>) -> Self {
        let mut block = Self::default();
        for event in events {
            if waiting.contains(&event.subject) {
                block.parked.push(ParkedRow::of(model, &Parked::behind(event)));
            } else if let Err(reason) = block.take(event) {
                tracing::warn!(model, source = %event.service, partition = event.partition,
                    sequence = event.sequence, subject = event.subject, reason, "an event is parked");
                block
                    .parked
                    .push(ParkedRow::of(model, &Parked::failed(event, reason)));
                waiting.insert(event.subject.clone());
            }
        }
        block
    }

    /// Adds an event's rows; nothing of it where it cannot become facts.
    pub fn take(&mut self, event: &Event) -> Result<(), String> {
        for fact in facts(event).map_err(|error| error.to_string())? {
            self.add(event, fact);
        }
        Ok(())
    }

    fn add(&mut self, event: &Event, fact: Fact) {
        match fact {
            Fact::Happened(fact) => {
                let (at, day) = moment(fact.when);
                self.events.push(EventRow {
                    service: event.service.to_string(),
                    partition: event.partition,
                    sequence: event.sequence,
                    at,
                    day,
                    aggregate: fact.aggregate,
                    event_type: fact.event_type,
                    by: fact.by,
                });
            }
            Fact::Quoted(fact) => {
                let (at, day) = moment(fact.when);
                let trip = Described::of(&fact.trip);
                self.quotes.push(QuoteRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    quote: fact.quote.ulid().0,
                    at,
                    day,
                    pickup_at: trip.pickup_at,
                    pickup_day: trip.pickup_day,
                    origin: fact.trip.corridor.origin.0,
                    destination: fact.trip.corridor.destination.0,
                    class: trip.class,
                    kind: trip.kind,
                    payable: fact.trip.payable.amount,
                });
            }
            Fact::Booked(fact) => {
                let (at, day) = moment(fact.when);
                let trip = Described::of(&fact.trip);
                self.bookings.push(BookingRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    booking: fact.booking.ulid().0,
                    quote: fact.quote.ulid().0,
                    at,
                    day,
                    pickup_at: trip.pickup_at,
                    pickup_day: trip.pickup_day,
                    origin: fact.trip.corridor.origin.0,
                    destination: fact.trip.corridor.destination.0,
                    class: trip.class,
                    kind: trip.kind,
                    payable: fact.trip.payable.amount,
                });
            }
            Fact::Reached(fact) => {
                let (at, day) = moment(fact.when);
                self.stages.push(StageRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    booking: fact.booking.ulid().0,
                    at,
                    day,
                    stage: fact.stage.as_str(),
                    driver: fact.driver.map_or(0, |driver| driver.ulid().0),
                });
            }
            Fact::Withdrawn(fact) => {
                let (at, day) = moment(fact.when);
                self.withdrawals.push(WithdrawalRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    booking: fact.booking.ulid().0,
                    at,
                    day,
                    actor: fact.actor.as_str(),
                    cause: fact.cause.as_str(),
                    band: fact.band.as_str(),
                    fee: fact.fee.amount,
                    refund: fact.refund.amount,
                    credit: fact.credit.amount,
                });
            }
            Fact::Driven(fact) => {
                let (at, day) = moment(fact.when);
                self.trips.push(TripRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    booking: fact.booking.ulid().0,
                    at,
                    day,
                    payable: fact.payable.amount,
                    tax: fact.tax.amount,
                });
            }
            Fact::FareLine(fact) => {
                let (_, day) = moment(fact.when);
                self.lines.push(LineRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    booking: fact.booking.ulid().0,
                    day,
                    source: fact.of.as_str(),
                    line: fact.line,
                    amount: fact.amount.amount,
                });
            }
            Fact::Posted(fact) => {
                let (at, day) = moment(fact.when);
                self.postings.push(PostingRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    booking: fact.booking.ulid().0,
                    at,
                    day,
                    entry: fact.entry,
                    account: fact.account,
                    amount: fact.amount.amount,
                });
            }
            Fact::Offered(fact) => {
                let (at, day) = moment(fact.when);
                self.offers.push(OfferRow {
                    partition: event.partition,
                    sequence: event.sequence,
                    booking: fact.booking.ulid().0,
                    at,
                    day,
                    what: fact.what.as_str(),
                    offers: fact.offers,
                });
            }
        }
    }

    /// Inserts all of them.
    pub async fn insert(&self, db: &ClickHouse, token: &str, look: &Look) -> Result<(), ClickHouseError> {
        self.insert_facts(db, token, look).await?;
        self.insert_events(db, token, look).await
    }

    /// Inserts what the events say, all tables at the same time. Tables remember tokens each for themselves, so one token
    /// does.
    pub async fn insert_facts(
        &self,
        db: &ClickHouse,
        token: &str,
        look: &Look,
    ) -> Result<(), ClickHouseError> {
        try_join!(
            db.insert_seen(look, "quotes", token, &self.quotes),
            db.insert_seen(look, "bookings", token, &self.bookings),
            db.insert_seen(look, "stages", token, &self.stages),
            db.insert_seen(look, "withdrawals", token, &self.withdrawals),
            db.insert_seen(look, "trips", token, &self.trips),
            db.insert_seen(look, "fare_lines", token, &self.lines),
            db.insert_seen(look, "postings", token, &self.postings),
            db.insert_seen(look, "offers", token, &self.offers),
            // However often: of several rows of an event one counts.
            db.insert_seen(look, "parked", "", &self.parked),
        )?;
        Ok(())
    }

    /// Inserts that they happened. Last: a retry takes the row of `events` for the whole of the event.
    pub async fn insert_events(
        &self,
        db: &ClickHouse,
        token: &str,
        look: &Look,
    ) -> Result<(), ClickHouseError> {
        db.insert_seen(look, "events", token, &self.events).await
    }
}

/// Inserts the rows of events in blocks of so many, and keeps no books about it: what the projection is measured by.
///
/// # Errors
/// [`ClickHouseError`].
#[doc(hidden)]
pub async fn bare_insert(db: &ClickHouse, events: &[Event], each: usize) -> Result<(), ClickHouseError> {
    for events in events.chunks(each) {
        let block = Block::of("bare", events, &mut HashSet::new());
        block.insert(db, "", &Look::now()).await?;
    }
    Ok(())
}
