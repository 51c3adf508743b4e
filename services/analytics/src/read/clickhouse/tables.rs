//! Which tables the events of a service are in, and their partitions.

use super::{ClickHouseError, model::ClickHouseFacts};
use std::collections::BTreeSet;

/// Every event.
pub(super) const EVENTS: &str = "events";
/// What a materialized view adds up of [`EVENTS`].
pub(super) const DAILY: &str = "events_daily";

/// What events of this service say, besides that they happened. Each of these tables has one service's.
pub(super) fn facts_of(service: &str) -> &'static [&'static str] {
    match service {
        "booking" => &[
            "quotes",
            "bookings",
            "stages",
            "withdrawals",
            "trips",
            "fare_lines",
        ],
        "driver" => &["offers"],
        "payment" => &["postings"],
        _ => &[],
    }
}

/// All tables that have rows of this service's events.
pub(super) fn tables(service: &str) -> impl Iterator<Item = &'static str> {
    facts_of(service).iter().copied().chain([EVENTS, DAILY])
}

/// Whether a table has rows of all services, in partitions of each.
pub(super) fn is_shared(table: &str) -> bool {
    [EVENTS, DAILY].contains(&table)
}

/// The ids of a table's partitions with rows of this service.
pub(super) async fn partitions(
    of: &ClickHouseFacts,
    table: &str,
    service: &str,
) -> Result<BTreeSet<String>, ClickHouseError> {
    let question = of
        .db()
        .client
        .query(
            "SELECT DISTINCT partition_id FROM system.parts
             WHERE database = ? AND table = ? AND active AND (NOT ? OR startsWith(partition, ?))",
        )
        .bind(&*of.db().database)
        .bind(table)
        .bind(is_shared(table))
        .bind(format!("('{service}',"));
    let found: Vec<String> = of.db().all("list the partitions of a table", question).await?;
    Ok(found.into_iter().collect())
}
