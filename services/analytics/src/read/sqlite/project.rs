//! Events into rows.

use super::schema::{
    BOOKING, BOOKING_INDICES, DRIVER, DRIVER_INDICES, PAYMENT, PAYMENT_INDICES, events, events_by_day,
};
use crate::domain::{
    Fact,
    day::number,
    fact::{Trip, When},
    facts,
    report::class_word,
};
use interstate_eventing::Event;
use interstate_schemas::{BookingId, TripKind};
use interstate_stores::{Projection, ProjectionError};
use rusqlite::{Connection, params};

/// The facts of one service's events.
macro_rules! followed {
    ($(#[$doc:meta])* $name:ident, $service:literal, $tables:expr, $schema:expr, $indices:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $name;

        impl Projection for $name {
            const NAME: &'static str = concat!("analytics-", $service);
            const VERSION: u32 = 1;
            const TABLES: &'static [&'static str] = $tables;
            const SCHEMA: &'static [&'static str] = $schema;
            const INDICES: &'static [&'static str] = $indices;

            fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
                const HAPPENED: &str = concat!(
                    "INSERT INTO ", $service, "_events (partition, sequence, at, day, aggregate, event_type, by)
                     VALUES (?, ?, ?, ?, ?, ?, ?)"
                );
                take_up(tx, event, HAPPENED)
            }
        }
    };
}

followed!(
    /// What the events of the user service add up to.
    UserFacts, "user", &["user_events"], &[events!("user")], &[events_by_day!("user")]
);
followed!(
    /// What the events of the booking service add up to.
    BookingFacts,
    "booking",
    &["booking_events", "quotes", "bookings", "stages", "withdrawals", "trips", "fare_lines"],
    BOOKING,
    BOOKING_INDICES
);
followed!(
    /// What the events of the location service add up to.
    LocationFacts, "location", &["location_events"], &[events!("location")], &[events_by_day!("location")]
);
followed!(
    /// What the events of the driver service add up to.
    DriverFacts, "driver", &["driver_events", "offers"], DRIVER, DRIVER_INDICES
);
followed!(
    /// What the events of the payment service add up to.
    PaymentFacts, "payment", &["payment_events", "postings"], PAYMENT, PAYMENT_INDICES
);

fn take_up(tx: &Connection, event: &Event, happened: &'static str) -> Result<(), ProjectionError> {
    let made = facts(event).map_err(|error| ProjectionError::event(error.to_string()))?;
    for fact in &made {
        write(tx, event, fact, happened)?;
    }
    Ok(())
}

fn write(tx: &Connection, event: &Event, fact: &Fact, happened: &'static str) -> rusqlite::Result<()> {
    match fact {
        Fact::Happened(fact) => {
            let (at, day) = moment(fact.when);
            tx.prepare_cached(happened)?.execute(params![
                event.partition,
                event.sequence.cast_signed(),
                at,
                day,
                fact.aggregate,
                fact.event_type,
                fact.by
            ])?;
        }
        Fact::Quoted(fact) => {
            let mut insert = tx.prepare_cached(
                "INSERT INTO quotes (at, day, pickup_at, pickup_day, origin, destination, class, kind, payable, quote)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            bind_trip(&mut insert, fact.when, &fact.trip)?;
            insert.raw_bind_parameter(10, fact.quote.to_string())?;
            insert.raw_execute()?;
        }
        Fact::Booked(fact) => {
            let mut insert = tx.prepare_cached(
                "INSERT INTO bookings
                     (at, day, pickup_at, pickup_day, origin, destination, class, kind, payable, quote, booking)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            bind_trip(&mut insert, fact.when, &fact.trip)?;
            insert.raw_bind_parameter(10, fact.quote.to_string())?;
            insert.raw_bind_parameter(11, fact.booking.to_string())?;
            insert.raw_execute()?;
        }
        Fact::Reached(fact) => {
            let (booking, at, day) = of(fact.booking, fact.when);
            let driver = fact.driver.map_or_else(String::new, |driver| driver.to_string());
            tx.prepare_cached("INSERT INTO stages (booking, at, day, stage, driver) VALUES (?, ?, ?, ?, ?)")?
                .execute(params![booking, at, day, fact.stage.as_str(), driver])?;
        }
        Fact::Withdrawn(fact) => {
            let (booking, at, day) = of(fact.booking, fact.when);
            tx.prepare_cached(
                "INSERT INTO withdrawals (booking, at, day, actor, cause, band, fee, refund, credit)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                booking,
                at,
                day,
                fact.actor.as_str(),
                fact.cause.as_str(),
                fact.band.as_str(),
                fact.fee.amount,
                fact.refund.amount,
                fact.credit.amount
            ])?;
        }
        Fact::Driven(fact) => {
            let (booking, at, day) = of(fact.booking, fact.when);
            tx.prepare_cached("INSERT INTO trips (booking, at, day, payable, tax) VALUES (?, ?, ?, ?, ?)")?
                .execute(params![booking, at, day, fact.payable.amount, fact.tax.amount])?;
        }
        Fact::FareLine(fact) => {
            let (booking, _, day) = of(fact.booking, fact.when);
            tx.prepare_cached(
                "INSERT INTO fare_lines (booking, day, source, line, amount) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![
                booking,
                day,
                fact.of.as_str(),
                fact.line,
                fact.amount.amount
            ])?;
        }
        Fact::Posted(fact) => {
            let (booking, at, day) = of(fact.booking, fact.when);
            tx.prepare_cached(
                "INSERT INTO postings (booking, at, day, entry, account, amount) VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                booking,
                at,
                day,
                fact.entry,
                fact.account,
                fact.amount.amount
            ])?;
        }
        Fact::Offered(fact) => {
            let (booking, at, day) = of(fact.booking, fact.when);
            tx.prepare_cached("INSERT INTO offers (booking, at, day, what, offers) VALUES (?, ?, ?, ?, ?)")?
                .execute(params![booking, at, day, fact.what.as_str(), fact.offers])?;
        }
    }
    Ok(())
}

fn moment(when: When) -> (i64, i32) {
    (when.at.as_millisecond(), number(when.day))
}

fn of(booking: BookingId, when: When) -> (String, i64, i32) {
    let (at, day) = moment(when);
    (booking.to_string(), at, day)
}

/// The first nine parameters of whatever describes a trip.
fn bind_trip(insert: &mut rusqlite::Statement<'_>, when: When, trip: &Trip) -> rusqlite::Result<()> {
    let (at, day) = moment(when);
    let (pickup_at, pickup_day) = moment(trip.pickup);
    insert.raw_bind_parameter(1, at)?;
    insert.raw_bind_parameter(2, day)?;
    insert.raw_bind_parameter(3, pickup_at)?;
    insert.raw_bind_parameter(4, pickup_day)?;
    insert.raw_bind_parameter(5, trip.corridor.origin.0)?;
    insert.raw_bind_parameter(6, trip.corridor.destination.0)?;
    insert.raw_bind_parameter(7, class_word(trip.class))?;
    insert.raw_bind_parameter(8, kind_word(trip.kind))?;
    insert.raw_bind_parameter(9, trip.payable.amount)
}

/// A trip's shape as events write it.
const fn kind_word(kind: TripKind) -> &'static str {
    match kind {
        TripKind::OneWay => "ONE_WAY",
        TripKind::RoundTrip => "ROUND_TRIP",
        TripKind::MultiCity => "MULTI_CITY",
    }
}
