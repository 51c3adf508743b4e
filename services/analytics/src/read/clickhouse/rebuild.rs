//! Makes the facts of a service again from the log in a database beside the live one, compares the two, and replaces
//! the live tables' partitions by the new ones'.
//!
//! The database is made, filled and dropped by one rebuild alone. It is filled while all go on; then a standstill is
//! called, what is under way is settled, and the few events since are added. Why nothing is lost or doubled by that
//! stands in [`super::standstill`].

use super::{
    ClickHouseError,
    model::ClickHouseFacts,
    standstill::Caller,
    tables::{DAILY, EVENTS, is_shared, partitions, tables},
};
use clickhouse::Row;
use futures::{
    future::{join_all, try_join_all},
    try_join,
};
use interstate_eventing::projection::ReadModel;
use interstate_log::{Log, PartitionId};
use interstate_stores::{Comparison, RebuildError, Replay};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// What others may be held up for by what came during the last round of filling.
const LITTLE: Duration = Duration::from_secs(2);

#[derive(Debug, Row, Deserialize)]
struct Sum {
    rows: u64,
    sum: u64,
}

impl From<ClickHouseError> for RebuildError {
    fn from(error: ClickHouseError) -> Self {
        Self::store(error)
    }
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
    let caller = Caller::new(&live.ledger, "rebuild").await?;
    let caller = if verify { caller } else { caller.replacing() };
    let rebuild = Rebuild {
        live: live.with(caller.ledger().clone()),
        fresh: live.with(caller.ledger_beside()),
        log,
        sources,
        service: &first.service,
    };
    let preparation = async {
        // What is under way since before the server began is not settled in a standstill for this.
        match settle(live, sources).await {
            // All of it is replaced.
            Err(error) if !verify => tracing::warn!(%error, "what is under way is left to the new tables"),
            settled => settled?,
        }
        rebuild.fill_to_the_end().await
    };
    caller
        .alone(preparation, |turn| rebuild.compare(&caller, turn, verify))
        .await
}

/// Settles what is announced.
async fn settle(facts: &ClickHouseFacts, sources: &[PartitionId]) -> Result<(), RebuildError> {
    let each = sources.iter().map(|source| facts.position(source));
    // To the end of each: none is left in the midst of a standstill.
    let mut all = join_all(each).await.into_iter();
    all.try_for_each(|settled| settled.map(drop).map_err(RebuildError::store))
}

/// The live tables, as whoever has called a standstill sees them, and those that are made again.
struct Rebuild<'r> {
    live: ClickHouseFacts,
    fresh: ClickHouseFacts,
    log: &'r dyn Log,
    sources: &'r [PartitionId],
    service: &'r str,
}

impl Rebuild<'_> {
    /// In a standstill: what is left to read is little.
    async fn compare(&self, caller: &Caller, turn: u64, verify: bool) -> Result<Comparison, RebuildError> {
        settle(&self.live, self.sources).await?;
        let events = self.fill().await?;
        let mut found = BTreeMap::new();
        for table in tables(self.service) {
            let (before, after) = try_join!(
                sum(&self.live, table, self.service),
                sum(&self.fresh, table, self.service)
            )?;
            let equal = (before.rows, before.sum) == (after.rows, after.sum);
            found.insert((*table).to_owned(), (before.rows, after.rows, equal));
        }
        if !verify {
            for table in tables(self.service) {
                self.replace(table).await?;
            }
        }
        // Where it did not last, others may have gone on in the midst of the comparison.
        caller.look(turn).await?;
        Ok(Comparison {
            events,
            tables: found,
            switched: !verify,
        })
    }

    /// While others go on: again and again, until little is left to do in a standstill, or it does not become less.
    async fn fill_to_the_end(&self) -> Result<(), RebuildError> {
        let mut before = Duration::MAX;
        loop {
            let began = Instant::now();
            self.fill().await?;
            let took = began.elapsed();
            if took < LITTLE || took >= before {
                return Ok(());
            }
            before = took;
        }
    }

    /// Brings the new one to where the live one stands; gives the events that this is.
    async fn fill(&self) -> Result<u64, RebuildError> {
        let each = self.sources.iter().map(|source| async move {
            let to = self.live.ledger.position(source).await?;
            let from = self.fresh.position(source).await.map_err(RebuildError::store)?;
            let mut replay = Replay::between(self.log, source, from, to).await?;
            while let Some((events, behind)) = replay.next().await? {
                self.fresh.take_up(source, &events, behind).await?;
            }
            Ok::<u64, RebuildError>(to.sequence)
        });
        Ok(try_join_all(each).await?.into_iter().sum())
    }

    /// Puts the partitions of a new table in the place of the live one's, each at once. Those that only the live one has
    /// are moved out of it, into the new one. No statement touches a live table that does not name the new database:
    /// none does anything once that is dropped.
    async fn replace(&self, table: &str) -> Result<(), RebuildError> {
        let beside = &self.fresh.db().database;
        let after = partitions(&self.fresh, table, self.service).await?;
        let before = partitions(&self.live, table, self.service).await?;
        let replaced = after
            .iter()
            .map(|id| format!("REPLACE PARTITION ID '{id}' FROM `{beside}`.{table}"));
        let moved = before
            .difference(&after)
            .map(|id| format!("MOVE PARTITION ID '{id}' TO TABLE `{beside}`.{table}"));
        for change in replaced.chain(moved) {
            let statement = format!("ALTER TABLE {table} {change}");
            self.live.db().execute("replace a partition", &statement).await?;
        }
        Ok(())
    }
}

async fn sum(of: &ClickHouseFacts, table: &str, service: &str) -> Result<Sum, ClickHouseError> {
    let only = if is_shared(table) {
        format!("WHERE service = '{service}'")
    } else {
        String::new()
    };
    // What merges make of rows that add up differs from part to part; FINAL is what they all come to. Which event a
    // fact is from is not said by those that an earlier release has made.
    let (last, columns) = match table {
        DAILY => ("FINAL", "*"),
        EVENTS => ("", "*"),
        _ => ("", "* EXCEPT (partition, sequence)"),
    };
    let question = of.db().client.query_raw(&format!(
        "SELECT count() AS rows, sum(cityHash64({columns})) AS sum FROM {table} {last} {only}"
    ));
    let found = of.db().first("sum a table up", question).await?;
    Ok(found.unwrap_or(Sum { rows: 0, sum: 0 }))
}
