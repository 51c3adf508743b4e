//! What events make of the rows of bookings: each row is written once, however many events change it.

use super::super::{
    columns::{Columns, Value, changed},
    trip::Trip,
};
use crate::domain::booking::BookingEvent;
use interstate_eventing::{Event, decode_json};
use interstate_schemas::{BookingId, QuoteId, Timestamp, UserId};
use interstate_stores::ProjectionError;
use rusqlite::{
    Connection, OptionalExtension, ToSql, params_from_iter,
    types::{Null, ToSqlOutput},
};
use std::{collections::BTreeMap, fmt::Write};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Value::Text(text) | Value::Json(text) => text.to_sql(),
            Value::Number(number) => number.to_sql(),
            Value::Flag(yes) => Ok(ToSqlOutput::from(i64::from(*yes))),
            Value::Time(time) => Ok(ToSqlOutput::from(time.as_millisecond())),
            Value::Nothing => Ok(ToSqlOutput::from(Null)),
        }
    }
}

/// Rows of bookings, in the order of their keys.
#[derive(Default)]
pub(super) struct Changed(BTreeMap<String, Change>);

/// What becomes of a row.
#[derive(Default)]
struct Change {
    first: First,
    /// With their latest values. In order, so that equal changes are equal statements.
    columns: BTreeMap<&'static str, Value>,
}

/// Where a row comes from.
#[derive(Default)]
enum First {
    /// It is there.
    #[default]
    Written,
    /// From its quote, unless it is there: the booking's own first event stands in another partition.
    Accepted(Accepted),
    /// From the booking's own first event. One that is there is from the quote, and goes.
    Ordered,
}

/// A quote that somebody took.
pub(super) struct Accepted {
    pub quote: QuoteId,
    pub rider: UserId,
    pub at: Timestamp,
}

impl Changed {
    /// Whoever accepted a quote finds the booking at once, whose own first event may come a moment later. That one
    /// then makes the row again, so that both orders end the same.
    pub fn accepted(&mut self, booking: BookingId, accepted: Accepted) {
        let change = self.0.entry(booking.to_string()).or_default();
        if matches!(change.first, First::Written) {
            change.first = First::Accepted(accepted);
        }
    }

    /// A booking's own first event.
    pub fn ordered(&mut self, booking: &str, row: Columns) {
        let change = self.of(booking);
        change.first = First::Ordered;
        change.columns = row.into_iter().collect();
    }

    /// Takes a later event up, behind those before it.
    pub fn note(&mut self, event: &Event, change: &BookingEvent) {
        let columns = &mut self.of(&event.subject).columns;
        columns.extend(changed(change));
        columns.insert("updated_at", Value::Time(event.time));
        columns.insert("version", Value::Number(event.version.cast_signed()));
    }

    fn of(&mut self, booking: &str) -> &mut Change {
        self.0.entry(booking.to_owned()).or_default()
    }

    /// Writes all of it.
    pub fn write(self, tx: &Connection) -> Result<(), ProjectionError> {
        for (booking, Change { first, columns }) in self.0 {
            match first {
                First::Written => {}
                First::Accepted(_) if is_there(tx, &booking)? => {}
                First::Accepted(accepted) => {
                    let row = accepted.row(tx)?;
                    insert(tx, booking.clone(), row.into_iter().collect())?;
                }
                First::Ordered => {
                    insert(tx, booking, columns)?;
                    continue;
                }
            }
            if !columns.is_empty() {
                update(tx, booking, columns)?;
            }
        }
        Ok(())
    }
}

impl Accepted {
    fn row(&self, tx: &Connection) -> Result<Columns, ProjectionError> {
        let mut select = tx.prepare_cached("SELECT view FROM quotes WHERE quote = ?")?;
        let mut found = select.query([self.quote.to_string()])?;
        let missing = || ProjectionError::event(format!("the quote {} is not there", self.quote));
        let view = found.next()?.ok_or_else(missing)?;
        let trip: Trip = decode_json(
            "quote view",
            view.get_ref("view")?.as_bytes().map_err(rusqlite::Error::from)?,
        )?;
        Ok(trip.columns(self.rider, self.at, 0))
    }
}

fn is_there(tx: &Connection, booking: &str) -> rusqlite::Result<bool> {
    let mut select = tx.prepare_cached("SELECT 1 FROM bookings WHERE booking = ?")?;
    let found = select.query_row([booking], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

fn insert(tx: &Connection, booking: String, columns: BTreeMap<&'static str, Value>) -> rusqlite::Result<()> {
    let mut sql = String::from("INSERT OR REPLACE INTO bookings (");
    let mut places = String::new();
    for column in columns.keys() {
        let _ = write!(sql, "{column}, ");
        places.push_str("?, ");
    }
    let _ = write!(sql, "booking) VALUES ({places}?)");
    execute(tx, &sql, booking, columns)
}

fn update(tx: &Connection, booking: String, columns: BTreeMap<&'static str, Value>) -> rusqlite::Result<()> {
    let mut sql = String::from("UPDATE bookings SET");
    for (index, column) in columns.keys().enumerate() {
        let _ = write!(sql, "{} {column} = ?", if index == 0 { "" } else { "," });
    }
    sql.push_str(" WHERE booking = ?");
    execute(tx, &sql, booking, columns)
}

fn execute(
    tx: &Connection,
    sql: &str,
    booking: String,
    columns: BTreeMap<&'static str, Value>,
) -> rusqlite::Result<()> {
    let values = columns.into_values().chain([Value::Text(booking)]);
    tx.prepare_cached(sql)?.execute(params_from_iter(values))?;
    Ok(())
}
