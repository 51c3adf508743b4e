//! The table of parked events, which all projections of a file share.

use interstate_eventing::projection::{Parked, decode_event, encode_event};
use interstate_log::PartitionId;
use sqlx::{Row, SqliteConnection};
use std::collections::HashSet;

pub(crate) async fn subjects(
    reader: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
) -> Result<HashSet<String>, sqlx::Error> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT subject FROM parked WHERE projection = ? AND service = ? AND \"partition\" = ?",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .fetch_all(reader)
    .await?;
    Ok(found.into_iter().collect())
}

pub(crate) async fn has(
    reader: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
    subject: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM parked
         WHERE projection = ? AND service = ? AND \"partition\" = ? AND subject = ?)",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .bind(subject)
    .fetch_one(reader)
    .await
}

pub(crate) async fn count(
    reader: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
) -> Result<u64, sqlx::Error> {
    let found: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM parked WHERE projection = ? AND service = ? AND \"partition\" = ?",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .fetch_one(reader)
    .await?;
    Ok(found.unsigned_abs())
}

pub(crate) async fn of(
    reader: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
) -> Result<Vec<Parked>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT event, reason, time FROM parked
         WHERE projection = ? AND service = ? AND \"partition\" = ? ORDER BY sequence",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .fetch_all(reader)
    .await?;
    let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
    rows.iter()
        .map(|row| {
            let event: &[u8] = row.try_get("event")?;
            let since: &str = row.try_get("time")?;
            Ok(Parked {
                event: decode_event(source, event).map_err(|error| decode(Box::new(error)))?,
                reason: row.try_get("reason")?,
                since: since.parse().map_err(|error| decode(Box::new(error)))?,
            })
        })
        .collect()
}

pub(crate) async fn insert(
    writer: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
    parked: &Parked,
) -> Result<(), sqlx::Error> {
    let Parked { event, reason, since } = parked;
    sqlx::query(
        "INSERT OR REPLACE INTO parked
         (projection, service, \"partition\", sequence, subject, event_type, event, reason, time)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .bind(event.sequence.cast_signed())
    .bind(&event.subject)
    .bind(&*event.event_type)
    .bind(encode_event(event))
    .bind(reason)
    .bind(since.to_string())
    .execute(writer)
    .await?;
    Ok(())
}

pub(crate) async fn delete(
    writer: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
    sequence: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM parked WHERE projection = ? AND service = ? AND \"partition\" = ? AND sequence = ?",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .bind(sequence.cast_signed())
    .execute(writer)
    .await?;
    Ok(())
}
