//! Makes the facts of a service again from the log in a database beside the live one, compares the two, and replaces
//! the live tables' partitions by the new ones'.

use super::{ClickHouseError, model::ClickHouseFacts};
use clickhouse::Row;
use futures::future::try_join_all;
use interstate_eventing::projection::ReadModel;
use interstate_log::{Log, PartitionId};
use interstate_stores::{Comparison, RebuildError, Replay};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the events of a service are in: its own tables, and what they share with others' in partitions of their own.
fn tables(service: &str) -> &'static [&'static str] {
    match service {
        "booking" => &[
            "events",
            "events_daily",
            "quotes",
            "bookings",
            "bookings_daily",
            "stages",
            "withdrawals",
            "trips",
            "fare_lines",
        ],
        "driver" => &["events", "events_daily", "offers"],
        "payment" => &["events", "events_daily", "postings", "postings_daily"],
        _ => &["events", "events_daily"],
    }
}

/// Tables whose partitions are kept a service.
const SHARED: [&str; 2] = ["events", "events_daily"];

#[derive(Debug, Row, Deserialize)]
struct Sum {
    rows: u64,
    sum: u64,
}

pub(super) async fn rebuild(
    live: &ClickHouseFacts,
    log: &dyn Log,
    sources: &[PartitionId],
    verify: bool,
) -> Result<Comparison, RebuildError> {
    let Some(first) = sources.first() else {
        return Err(RebuildError::store("a model without partitions"));
    };
    let service = first.service.to_string();
    let name = format!("{}_{}_rebuild", live.db().database, service);
    let db = live.db().beside(&name);
    let drop_it = format!("DROP DATABASE IF EXISTS `{name}` SYNC");
    // What an earlier call has left.
    run(live, &drop_it).await?;
    let fresh = live.beside(db);
    let compared = compare(live, &fresh, log, sources, &service, verify).await;
    let dropped = run(live, &drop_it).await;
    let compared = compared?;
    dropped?;
    Ok(compared)
}

async fn compare(
    live: &ClickHouseFacts,
    fresh: &ClickHouseFacts,
    log: &dyn Log,
    sources: &[PartitionId],
    service: &str,
    verify: bool,
) -> Result<Comparison, RebuildError> {
    fill(live, fresh, log, sources).await?;
    // From here on the live one stands still: the rest is little.
    let partitions: Vec<_> = sources.iter().map(|source| live.partition(source)).collect();
    let mut held = Vec::new();
    for partition in &partitions {
        held.push(partition.lock().await);
    }
    let events = fill(live, fresh, log, sources).await?;
    let mut found = BTreeMap::new();
    for table in tables(service) {
        let (before, after) = (
            sum(live, table, service).await?,
            sum(fresh, table, service).await?,
        );
        let equal = (before.rows, before.sum) == (after.rows, after.sum);
        found.insert((*table).to_owned(), (before.rows, after.rows, equal));
    }
    if !verify {
        for table in tables(service) {
            replace(live, fresh, table, service).await?;
        }
    }
    Ok(Comparison {
        events,
        tables: found,
        switched: !verify,
    })
}

/// Brings the new one to where the live one stands; gives the events that this is.
async fn fill(
    live: &ClickHouseFacts,
    fresh: &ClickHouseFacts,
    log: &dyn Log,
    sources: &[PartitionId],
) -> Result<u64, RebuildError> {
    let each = sources.iter().map(|source| async move {
        let to = live.ledger.position(source).await.map_err(RebuildError::store)?;
        let from = fresh.position(source).await.map_err(RebuildError::store)?;
        let mut replay = Replay::between(log, source, from, to).await?;
        while let Some((events, behind)) = replay.next().await? {
            let taken = fresh.take_up(source, &events, behind).await;
            taken.map_err(RebuildError::store)?;
        }
        Ok::<u64, RebuildError>(to.sequence)
    });
    Ok(try_join_all(each).await?.into_iter().sum())
}

async fn sum(of: &ClickHouseFacts, table: &str, service: &str) -> Result<Sum, RebuildError> {
    let only = if SHARED.contains(&table) {
        format!("WHERE service = '{service}'")
    } else {
        String::new()
    };
    // What merges make of rows that add up differs from part to part; FINAL is what they all come to.
    let last = if table.ends_with("_daily") { "FINAL" } else { "" };
    let question = of.db().client.query_raw(&format!(
        "SELECT count() AS rows, sum(cityHash64(*)) AS sum FROM {table} {last} {only}"
    ));
    let found = of
        .db()
        .first("sum a table up", question)
        .await
        .map_err(RebuildError::store)?;
    Ok(found.unwrap_or(Sum { rows: 0, sum: 0 }))
}

/// Puts the partitions of a new table in the place of the live one's, each at once.
async fn replace(
    live: &ClickHouseFacts,
    fresh: &ClickHouseFacts,
    table: &str,
    service: &str,
) -> Result<(), RebuildError> {
    let (before, after) = (
        partitions(live, table, service).await?,
        partitions(fresh, table, service).await?,
    );
    for id in &after {
        let beside = &fresh.db().database;
        let statement = format!("ALTER TABLE {table} REPLACE PARTITION ID '{id}' FROM `{beside}`.{table}");
        run(live, &statement).await?;
    }
    for id in before.iter().filter(|id| !after.contains(id)) {
        run(live, &format!("ALTER TABLE {table} DROP PARTITION ID '{id}'")).await?;
    }
    Ok(())
}

async fn partitions(of: &ClickHouseFacts, table: &str, service: &str) -> Result<Vec<String>, RebuildError> {
    let question = of
        .db()
        .client
        .query(
            "SELECT DISTINCT partition_id FROM system.parts
             WHERE database = ? AND table = ? AND active AND (NOT ? OR startsWith(partition, ?))",
        )
        .bind(&*of.db().database)
        .bind(table)
        .bind(SHARED.contains(&table))
        .bind(format!("('{service}',"));
    let found = of.db().all("list the partitions of a table", question).await;
    found.map_err(RebuildError::store)
}

async fn run(of: &ClickHouseFacts, statement: &str) -> Result<(), RebuildError> {
    let done: Result<(), ClickHouseError> = of.db().execute("rebuild a read model", statement).await;
    done.map_err(RebuildError::store)
}
