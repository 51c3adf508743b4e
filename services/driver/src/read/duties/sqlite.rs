//! Duties in a file of SQLite.

use super::{CLOSED, DutyChanges, DutyColumns, DutyRow, duty};
use crate::read::ReadError;
use interstate_schemas::{DriverId, Timestamp};
use rusqlite::{Connection, params};

pub const TABLE: &str = "CREATE TABLE duties (
            owner TEXT NOT NULL,
            booking TEXT NOT NULL,
            search INTEGER NOT NULL,
            state TEXT NOT NULL,
            since INTEGER NOT NULL,
            on_duty_until INTEGER NOT NULL,
            until INTEGER NOT NULL,
            PRIMARY KEY (owner, booking, search)
        ) STRICT, WITHOUT ROWID";

/// What a driver is shown, as this connection sees it.
pub fn of_driver(rows: &Connection, driver: DriverId, after: Timestamp) -> Result<Vec<DutyRow>, ReadError> {
    let mut select = rows.prepare_cached(
        "SELECT booking, state, since, on_duty_until, until FROM duties
         WHERE owner = ? AND until > ? ORDER BY since, booking LIMIT 200",
    )?;
    let found = select.query_and_then(params![driver.to_string(), after.as_millisecond()], |row| {
        duty(DutyColumns::try_from(row)?)
    })?;
    found.collect()
}

/// Writes what a batch of events comes to.
pub fn store(tx: &Connection, changed: &DutyChanges) -> rusqlite::Result<()> {
    for ((owner, booking, search), step) in &changed.moved {
        tx.prepare_cached(
            "UPDATE duties SET state = ?4, on_duty_until = coalesce(max(since, ?5), on_duty_until),
             until = coalesce(max(since, ?6), until) WHERE owner = ?1 AND booking = ?2 AND search = ?3",
        )?
        .execute(params![
            owner,
            booking,
            search,
            step.state,
            step.ended.map(|(on_duty_until, _)| on_duty_until),
            step.ended.map(|(_, until)| until)
        ])?;
    }
    for ((owner, booking), up_to) in &changed.freed {
        tx.prepare_cached(
            "DELETE FROM duties WHERE owner = ? AND booking = ? AND search <= ? AND state <> ?",
        )?
        .execute(params![owner, booking, up_to, CLOSED])?;
    }
    for ((owner, booking, search), duty) in &changed.reserved {
        tx.prepare_cached(
            "INSERT INTO duties (owner, booking, search, state, since, on_duty_until, until)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            owner,
            booking,
            search,
            duty.state,
            duty.from,
            duty.on_duty_until,
            duty.until
        ])?;
    }
    Ok(())
}
