//! The table of parked events, one in each schema.

use crate::ParkedNote;
use interstate_eventing::projection::{Parked, decode_event, encode_event};
use interstate_log::PartitionId;
use sqlx::{PgConnection, PgExecutor};
use std::collections::HashSet;

pub(super) async fn of(rows: impl PgExecutor<'_>, source: &PartitionId) -> sqlx::Result<Vec<Parked>> {
    let found: Vec<(Vec<u8>, String, String)> = sqlx::query_as(
        "SELECT event, reason, time FROM parked WHERE service = $1 AND \"partition\" = $2 ORDER BY sequence",
    )
    .bind(&*source.service)
    .bind(i64::from(source.index))
    .fetch_all(rows)
    .await?;
    let parked = found.into_iter().map(|(event, reason, since)| {
        Ok(Parked {
            event: decode_event(source, &event).map_err(|error| sqlx::Error::Decode(error.into()))?,
            reason,
            since: since
                .parse()
                .map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        })
    });
    parked.collect()
}

/// The subjects that something is parked of.
pub(super) async fn subjects(
    rows: impl PgExecutor<'_>,
    source: &PartitionId,
) -> sqlx::Result<HashSet<String>> {
    let found: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT subject FROM parked WHERE service = $1 AND \"partition\" = $2")
            .bind(&*source.service)
            .bind(i64::from(source.index))
            .fetch_all(rows)
            .await?;
    Ok(found.into_iter().collect())
}

pub(super) async fn count(rows: impl PgExecutor<'_>, source: &PartitionId) -> sqlx::Result<u64> {
    let counted: i64 =
        sqlx::query_scalar("SELECT count(*) FROM parked WHERE service = $1 AND \"partition\" = $2")
            .bind(&*source.service)
            .bind(i64::from(source.index))
            .fetch_one(rows)
            .await?;
    Ok(counted.unsigned_abs())
}

pub(super) async fn has(
    rows: impl PgExecutor<'_>,
    source: &PartitionId,
    subject: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM parked WHERE service = $1 AND \"partition\" = $2 AND subject = $3)",
    )
    .bind(&*source.service)
    .bind(i64::from(source.index))
    .bind(subject)
    .fetch_one(rows)
    .await
}

/// The first `most`, of whatever partition; its own failures before what only waits behind them.
pub(super) async fn notes(rows: impl PgExecutor<'_>, most: u32) -> sqlx::Result<Vec<ParkedNote>> {
    let found: Vec<(String, i64, i64, String, String, String, String)> = sqlx::query_as(
        "SELECT service, \"partition\", sequence, event_type, subject, reason, time FROM parked
         ORDER BY reason = $1, time, service, \"partition\", sequence LIMIT $2",
    )
    .bind(Parked::BEHIND)
    .bind(i64::from(most))
    .fetch_all(rows)
    .await?;
    let notes = found.into_iter().map(
        |(service, partition, sequence, event_type, subject, reason, since)| ParkedNote {
            source: PartitionId::new(service, u32::try_from(partition).unwrap_or_default()),
            sequence: sequence.cast_unsigned(),
            event_type,
            subject,
            reason,
            since,
        },
    );
    Ok(notes.collect())
}

pub(super) async fn insert(
    tx: &mut PgConnection,
    source: &PartitionId,
    parked: &[Parked],
) -> sqlx::Result<()> {
    if parked.is_empty() {
        return Ok(());
    }
    let events = || parked.iter().map(|parked| &parked.event);
    sqlx::query(
        "INSERT INTO parked (service, \"partition\", sequence, subject, event_type, event, reason, time)
         SELECT $1, $2, * FROM UNNEST($3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[])
         ON CONFLICT (service, \"partition\", sequence) DO UPDATE SET reason = excluded.reason",
    )
    .bind(&*source.service)
    .bind(i64::from(source.index))
    .bind(events().map(|event| event.sequence.cast_signed()).collect::<Vec<_>>())
    .bind(events().map(|event| event.subject.clone()).collect::<Vec<_>>())
    .bind(events().map(|event| event.event_type.to_string()).collect::<Vec<_>>())
    .bind(events().map(encode_event).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.reason.clone()).collect::<Vec<_>>())
    .bind(parked.iter().map(|parked| parked.since.to_string()).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn delete(
    tx: &mut PgConnection,
    source: &PartitionId,
    sequences: &[i64],
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM parked WHERE service = $1 AND \"partition\" = $2 AND sequence = ANY($3)")
        .bind(&*source.service)
        .bind(i64::from(source.index))
        .bind(sequences)
        .execute(tx)
        .await?;
    Ok(())
}
