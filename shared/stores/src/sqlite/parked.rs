//! The table of parked events, which all projections of a file share.

use super::ParkedNote;
use interstate_eventing::projection::{Parked, decode_event, encode_event};
use interstate_log::PartitionId;
use rusqlite::{Connection, params, types::Type};
use std::{collections::HashSet, error::Error};

pub(crate) fn subjects(
    reader: &Connection,
    projection: &str,
    source: &PartitionId,
) -> rusqlite::Result<HashSet<String>> {
    let mut select = reader.prepare_cached(
        "SELECT DISTINCT subject FROM parked WHERE projection = ? AND service = ? AND \"partition\" = ?",
    )?;
    let found = select.query_map(params![projection, source.service, source.index], |row| {
        row.get(0)
    })?;
    found.collect()
}

/// The first `most` of a projection, of whatever partition; its own failures before what only waits behind them.
pub(crate) fn notes(reader: &Connection, projection: &str, most: u32) -> rusqlite::Result<Vec<ParkedNote>> {
    let mut select = reader.prepare_cached(
        "SELECT service, \"partition\", sequence, event_type, subject, reason, time FROM parked
         WHERE projection = ? ORDER BY reason = ?, time, service, \"partition\", sequence LIMIT ?",
    )?;
    let found = select.query_map(params![projection, Parked::BEHIND, most], |row| {
        let sequence: i64 = row.get(2)?;
        Ok(ParkedNote {
            source: PartitionId::new(row.get::<_, String>(0)?, row.get(1)?),
            sequence: sequence.cast_unsigned(),
            event_type: row.get(3)?,
            subject: row.get(4)?,
            reason: row.get(5)?,
            since: row.get(6)?,
        })
    })?;
    found.collect()
}

pub(crate) fn has(
    reader: &Connection,
    projection: &str,
    source: &PartitionId,
    subject: &str,
) -> rusqlite::Result<bool> {
    let mut select = reader.prepare_cached(
        "SELECT 1 FROM parked WHERE projection = ? AND service = ? AND \"partition\" = ? AND subject = ?",
    )?;
    select.exists(params![projection, source.service, source.index, subject])
}

pub(crate) fn count(reader: &Connection, projection: &str, source: &PartitionId) -> rusqlite::Result<u64> {
    let mut select = reader.prepare_cached(
        "SELECT count(*) FROM parked WHERE projection = ? AND service = ? AND \"partition\" = ?",
    )?;
    let counted: i64 = select.query_row(params![projection, source.service, source.index], |row| {
        row.get(0)
    })?;
    Ok(counted.unsigned_abs())
}

pub(crate) fn of(
    reader: &Connection,
    projection: &str,
    source: &PartitionId,
) -> rusqlite::Result<Vec<Parked>> {
    let mut select = reader.prepare_cached(
        "SELECT event, reason, time FROM parked
         WHERE projection = ? AND service = ? AND \"partition\" = ? ORDER BY sequence",
    )?;
    let found = select.query_map(params![projection, source.service, source.index], |row| {
        let (event, since): (Vec<u8>, String) = (row.get(0)?, row.get(2)?);
        Ok(Parked {
            event: decode_event(source, &event).map_err(|error| unreadable(0, Type::Blob, error))?,
            reason: row.get(1)?,
            since: since.parse().map_err(|error| unreadable(2, Type::Text, error))?,
        })
    })?;
    found.collect()
}

fn unreadable(column: usize, kind: Type, why: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(why))
}

pub(crate) fn insert(
    writer: &Connection,
    projection: &str,
    source: &PartitionId,
    parked: &Parked,
) -> rusqlite::Result<()> {
    let Parked { event, reason, since } = parked;
    let mut insert = writer.prepare_cached(
        "INSERT OR REPLACE INTO parked
         (projection, service, \"partition\", sequence, subject, event_type, event, reason, time)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        projection,
        source.service,
        source.index,
        event.sequence.cast_signed(),
        event.subject,
        event.event_type,
        encode_event(event),
        reason,
        since.to_string(),
    ])?;
    Ok(())
}

pub(crate) fn delete(
    writer: &Connection,
    projection: &str,
    source: &PartitionId,
    sequence: u64,
) -> rusqlite::Result<()> {
    let mut delete = writer.prepare_cached(
        "DELETE FROM parked WHERE projection = ? AND service = ? AND \"partition\" = ? AND sequence = ?",
    )?;
    delete.execute(params![
        projection,
        source.service,
        source.index,
        sequence.cast_signed()
    ])?;
    Ok(())
}
