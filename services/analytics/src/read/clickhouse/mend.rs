//! Blocks that were under way when the server itself ended.
//!
//! A table that is not replicated notes a block's token before the block's part is in place. A server that is killed in
//! between takes the repeat for what it has, and the rows would be missing for ever. So where a block was announced
//! before the server began, its rows are counted after the repeat: each names its event. Of a block a table has all rows
//! of a month or none. What is missing comes from a table beside, which moves in without a token. That no view sees:
//! what one adds up is made anew from its table, for the months of the block.
//!
//! All of it in a standstill ([`super::standstill`]), for two who did it at once would both put the rows in. What others
//! have announced before is inserted first, of all partitions, so that nothing changes any more of what is added up. A
//! block is settled last: whoever finds it after a crash begins again, and finds what is in place.
//!
//! Parked events that are taken up are not announced ([`super::retry`]); what a server loses of them by being killed in
//! that moment, `doctor` finds.

use super::{
    ClickHouseError,
    block::Block,
    ledger::Bounds,
    look::Look,
    model::ClickHouseFacts,
    standstill::Caller,
    tables::{DAILY, EVENTS, facts_of, partitions, tables},
};
use interstate_log::PartitionId;
use interstate_schemas::Timestamp;
use std::collections::{BTreeSet, HashSet};

/// Settles what is under way of the model of this source, if that outlived the server.
pub(super) async fn mend(facts: &ClickHouseFacts, source: &PartitionId) -> Result<(), ClickHouseError> {
    let _alone = facts.mending.lock().await;
    facts.ledger.wait_out().await?;
    let under_way = facts.ledger.under_way(source).await?;
    if !under_way.is_some_and(|(_, found)| found.outlived_server) {
        // Somebody else has done it for all sources.
        return Ok(());
    }
    let caller = Caller::new(&facts.ledger, "mend").await?;
    let mend = Mend {
        live: facts.with(caller.ledger().clone()),
        beside: facts.with(caller.ledger_beside()),
        caller: &caller,
        service: &source.service,
    };
    let preparation = mend.beside.db().ready();
    caller.alone(preparation, |turn| mend.all(turn)).await
}

struct Mend<'m> {
    live: ClickHouseFacts,
    beside: ClickHouseFacts,
    caller: &'m Caller,
    service: &'m str,
}

/// A block that was announced and is not settled.
struct UnderWay {
    source: PartitionId,
    bounds: Bounds,
    token: String,
    block: Block,
    event_at: Timestamp,
}

impl Mend<'_> {
    /// In the standstill of this turn.
    async fn all(&self, turn: u64) -> Result<(), ClickHouseError> {
        let (live, ledger) = (self.live.db(), &self.live.ledger);
        let blocks = self.under_way().await?;
        for UnderWay { token, block, .. } in &blocks {
            block
                .insert_facts(live, token, &self.caller.look(turn).await?)
                .await?;
            block
                .insert_events(live, token, &self.caller.look(turn).await?)
                .await?;
        }
        let mut months = BTreeSet::new();
        for block in &blocks {
            months.append(&mut self.complete(block).await?);
        }
        self.add_up(&months).await?;
        // Where it was taken for dead, nothing of the above need be there.
        self.caller.look(turn).await?;
        for UnderWay {
            source,
            bounds,
            event_at,
            ..
        } in &blocks
        {
            ledger.settle(source, bounds.to, *event_at).await?;
        }
        Ok(())
    }

    /// What is under way, of all sources. What is announced later waits for the end of the standstill.
    async fn under_way(&self) -> Result<Vec<UnderWay>, ClickHouseError> {
        let ledger = &self.live.ledger;
        let mut all = Vec::new();
        for index in ledger.partitions().await? {
            let source = PartitionId::new(self.service.to_owned(), index);
            let Some((at, found)) = ledger.under_way(&source).await? else {
                continue;
            };
            let bounds = found.bounds;
            let mut waiting = HashSet::new();
            let events = self.live.read_again(&source, at, &bounds, &mut waiting).await?;
            all.push(UnderWay {
                token: bounds.token(ledger.model, &source),
                block: Block::of(ledger.model, &events, &mut waiting),
                event_at: events.last().map_or(Timestamp::UNIX_EPOCH, |event| event.time),
                source,
                bounds,
            });
        }
        Ok(all)
    }

    /// Puts in what the live tables lack of a block; gives the months of its events.
    async fn complete(&self, of: &UnderWay) -> Result<BTreeSet<String>, ClickHouseError> {
        let UnderWay { source, bounds, .. } = of;
        let beside = self.beside.db();
        // Nobody else inserts there.
        of.block.insert(beside, &of.token, &Look::now()).await?;
        let months = partitions(&self.beside, EVENTS, self.service).await?;
        let mut missing = 0;
        for table in facts_of(self.service).iter().copied().chain([EVENTS]) {
            for month in partitions(&self.beside, table, self.service).await? {
                missing += self.put_in(table, &month, source, bounds).await?;
            }
        }
        for table in tables(self.service) {
            let empty = format!("TRUNCATE TABLE {table}");
            beside.execute("empty a table beside", &empty).await?;
        }
        tracing::info!(model = self.live.ledger.model, %source, first = bounds.first, last = bounds.to.sequence,
            missing, "a block that was under way when the server ended is whole");
        Ok(months)
    }

    /// Moves the block's rows of a month in, where the live table has none; gives how many those were.
    async fn put_in(
        &self,
        table: &str,
        month: &str,
        source: &PartitionId,
        bounds: &Bounds,
    ) -> Result<u64, ClickHouseError> {
        let found = rows(&self.live, table, month, source, bounds).await?;
        let expected = rows(&self.beside, table, month, source, bounds).await?;
        if found == expected {
            return Ok(0);
        }
        if found > 0 {
            return Err(ClickHouseError::Failed {
                at: self.live.db().at.to_string(),
                what: format!("keep a block of `{table}` whole"),
                why: format!(
                    "{found} of its {expected} rows are there: run `interstate replay {}`",
                    self.live.ledger.model
                ),
            });
        }
        self.move_in(table, month).await?;
        Ok(expected)
    }

    async fn move_in(&self, table: &str, month: &str) -> Result<(), ClickHouseError> {
        let to = &self.live.db().database;
        let moved = format!("ALTER TABLE {table} MOVE PARTITION ID '{month}' TO TABLE `{to}`.{table}");
        self.beside.db().execute("put missing rows in", &moved).await
    }

    /// Puts in what the view's sums of these months lack of the events that are there.
    async fn add_up(&self, months: &BTreeSet<String>) -> Result<(), ClickHouseError> {
        let (from, beside) = (&self.live.db().database, self.beside.db());
        for month in months {
            let add_up = format!(
                "INSERT INTO {DAILY} SELECT service, day, event_type, counted - summed AS events
                 FROM (SELECT service, day, event_type, count() AS counted FROM `{from}`.{EVENTS}
                       WHERE _partition_id = '{month}' GROUP BY service, day, event_type) AS c
                 LEFT JOIN (SELECT service, day, event_type, sum(events) AS summed FROM `{from}`.{DAILY}
                            WHERE _partition_id = '{month}' GROUP BY service, day, event_type) AS s
                 USING (service, day, event_type) WHERE counted > summed"
            );
            beside.execute("add events up", &add_up).await?;
        }
        for month in partitions(&self.beside, DAILY, self.service).await? {
            self.move_in(DAILY, &month).await?;
        }
        Ok(())
    }
}

/// How many rows of a block a table has in a month.
async fn rows(
    of: &ClickHouseFacts,
    table: &str,
    month: &str,
    source: &PartitionId,
    bounds: &Bounds,
) -> Result<u64, ClickHouseError> {
    let statement = format!(
        "SELECT count() FROM {table} WHERE _partition_id = ? AND partition = ? AND sequence BETWEEN ? AND ?"
    );
    let question = of
        .db()
        .client
        .query(&statement)
        .bind(month)
        .bind(source.index)
        .bind(bounds.first)
        .bind(bounds.to.sequence);
    let counted: Option<u64> = of.db().first("count the rows of a block", question).await?;
    Ok(counted.unwrap_or(0))
}
