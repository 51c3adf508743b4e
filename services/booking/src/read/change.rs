//! What events change of rows that are there: each row is written once, however many events change it.

use super::columns::{Value, changed};
use crate::domain::booking::BookingEvent;
use interstate_eventing::Event;
use rusqlite::{Connection, params_from_iter};
use std::{collections::BTreeMap, fmt::Write};

/// Columns of bookings, with their latest values. In order, so that equal changes are equal statements.
#[derive(Default)]
pub(super) struct Changed(BTreeMap<String, BTreeMap<&'static str, Value>>);

impl Changed {
    /// Takes an event up, behind those before it.
    pub fn note(&mut self, event: &Event, change: &BookingEvent) {
        let columns = self.0.entry(event.subject.clone()).or_default();
        columns.extend(changed(change));
        columns.insert("updated_at", Value::Number(event.time.as_millisecond()));
        columns.insert("version", Value::Number(event.version.cast_signed()));
    }

    /// Writes all of it.
    pub fn write(self, tx: &Connection) -> rusqlite::Result<()> {
        for (booking, columns) in self.0 {
            let mut sql = String::from("UPDATE bookings SET");
            for (index, column) in columns.keys().enumerate() {
                let _ = write!(sql, "{} {column} = ?", if index == 0 { "" } else { "," });
            }
            sql.push_str(" WHERE booking = ?");
            let values = columns.into_values().chain([Value::Text(booking)]);
            tx.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}
