//! Blocks that were under way when the server itself ended.
//!
//! A table that is not replicated notes a block's token before the block's part is in place. A server that is killed in
//! between takes the repeat for what it has, and the rows would be missing for ever. So where a block was announced
//! before the server began, its rows are counted after the repeat: each names its event. Of a block a table has all rows
//! of a month or none. What is missing comes from a table beside, which moves in without a token. That no view sees:
//! what one adds up is made anew from its table, for the months of the block.
//!
//! All of it in a standstill ([`super::standstill`]), for two who did it at once would both put the rows in, and what is
//! added up must not change meanwhile. A block is settled last: whoever finds it after a crash begins again, and finds
//! what is in place.
//!
//! Parked events that are taken up are not announced ([`super::retry`]); what a server loses of them by being killed in
//! that moment, `doctor` finds.

use super::{
    ClickHouseError,
    block::Block,
    ledger::Bounds,
    model::ClickHouseFacts,
    standstill::Caller,
    tables::{DAILY, EVENTS, facts_of, partitions, tables},
};
use interstate_eventing::projection::Position;
use interstate_log::PartitionId;
use interstate_schemas::Timestamp;
use std::collections::{BTreeSet, HashSet};

/// Settles what is under way of this source's model.
pub(super) async fn mend(facts: &ClickHouseFacts, source: &PartitionId) -> Result<(), ClickHouseError> {
    if facts.ledger.caller.is_some() {
        // Within a standstill for something else; whoever called it begins again.
        return Err(ClickHouseError::Failed {
            at: facts.db().at.to_string(),
            what: "keep what was under way".to_owned(),
            why: "it has ended and begun again meanwhile: try again".to_owned(),
        });
    }
    let caller = Caller::new(&facts.ledger, "mend").await?;
    let mend = Mend {
        live: facts.with(caller.ledger().clone()),
        beside: facts.with(caller.ledger_beside()),
        caller: &caller,
        one: source,
    };
    let preparation = mend.beside.db().ready();
    caller.alone(preparation, |turn| mend.all(turn)).await
}

struct Mend<'m> {
    live: ClickHouseFacts,
    beside: ClickHouseFacts,
    caller: &'m Caller,
    /// Any source of the model.
    one: &'m PartitionId,
}

impl Mend<'_> {
    /// In the standstill of this turn.
    async fn all(&self, turn: u64) -> Result<(), ClickHouseError> {
        let ledger = &self.live.ledger;
        for source in ledger.sources(self.one).await? {
            let mut at = ledger.position(&source).await?;
            while let Some(found) = ledger.announced(&source, at.sequence + 1).await? {
                self.block(turn, &source, at, &found.bounds).await?;
                at = found.bounds.to;
            }
        }
        Ok(())
    }

    async fn block(
        &self,
        turn: u64,
        source: &PartitionId,
        at: Position,
        bounds: &Bounds,
    ) -> Result<(), ClickHouseError> {
        let (model, live, beside) = (self.live.ledger.model, self.live.db(), self.beside.db());
        let mut waiting = HashSet::new();
        let events = self.live.read_again(source, at, bounds, &mut waiting).await?;
        let block = Block::of(model, &events, &mut waiting);
        let token = bounds.token(model, source);
        block.insert(live, &token, &self.caller.look(turn).await?).await?;
        block
            .insert(beside, &token, &self.caller.look(turn).await?)
            .await?;
        let months = partitions(&self.beside, EVENTS, &self.one.service).await?;
        let mut missing = 0;
        for table in facts_of(&self.one.service).iter().copied().chain([EVENTS]) {
            for month in partitions(&self.beside, table, &self.one.service).await? {
                missing += self.complete(table, &month, source, bounds).await?;
            }
        }
        self.add_up(&months).await?;
        for table in tables(&self.one.service) {
            let empty = format!("TRUNCATE TABLE {table}");
            beside.execute("empty a table beside", &empty).await?;
        }
        // Where it was taken for dead, nothing of the above need be there.
        self.caller.look(turn).await?;
        let event_at = events.last().map_or(Timestamp::UNIX_EPOCH, |event| event.time);
        self.live.ledger.settle(source, bounds.to, event_at).await?;
        tracing::info!(model, %source, first = bounds.first, last = bounds.to.sequence, missing,
            "a block that was under way when the server ended is whole");
        Ok(())
    }

    /// Moves the block's rows of a month in, where the live table has none; gives how many those were.
    async fn complete(
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
        let to = &self.live.db().database;
        let moved = format!("ALTER TABLE {table} MOVE PARTITION ID '{month}' TO TABLE `{to}`.{table}");
        self.beside.db().execute("put missing rows in", &moved).await?;
        Ok(expected)
    }

    /// Makes what the view adds up anew for some months.
    async fn add_up(&self, months: &BTreeSet<String>) -> Result<(), ClickHouseError> {
        let (live, beside) = (self.live.db(), self.beside.db());
        let (from, by) = (&live.database, &beside.database);
        // The view beside has added the block up.
        beside
            .execute("empty a table beside", &format!("TRUNCATE TABLE {DAILY}"))
            .await?;
        for month in months {
            let add_up = format!(
                "INSERT INTO {DAILY} SELECT service, day, event_type, count() AS events FROM `{from}`.{EVENTS}
                 WHERE _partition_id = '{month}' GROUP BY service, day, event_type
                 SETTINGS insert_deduplicate = 0"
            );
            beside.execute("add events up", &add_up).await?;
            let replace = format!("ALTER TABLE {DAILY} REPLACE PARTITION ID '{month}' FROM `{by}`.{DAILY}");
            live.execute("replace what is added up", &replace).await?;
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
