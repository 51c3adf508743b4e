//! Parked events, taken up again.

use super::{ClickHouseError, block::Block, model::ClickHouseFacts, parked, standstill::Caller};
use interstate_eventing::projection::Retried;
use interstate_log::PartitionId;
use std::collections::HashSet;

/// So many parked events are taken up in one standstill.
const TAKEN_UP_AT_ONCE: u64 = 50;

/// How far somebody is who takes parked events up.
#[derive(Default)]
struct Round {
    /// The last event that was looked at.
    behind: u64,
    /// Subjects of which one still fails: what comes later waits behind it.
    failing: HashSet<String>,
    retried: Retried,
    is_last: bool,
}

impl ClickHouseFacts {
    /// In standstills: no block announces these rows, so that a rebuild would not know of them.
    pub(super) async fn take_parked_up(&self, source: &PartitionId) -> Result<Retried, ClickHouseError> {
        self.db().ready().await?;
        let partition = self.partition(source);
        let mut waiting = partition.lock().await;
        if parked::count(self.db(), self.ledger.model, source).await? == 0 {
            return Ok(Retried::default());
        }
        // What is under way since before the server began is not settled in a standstill for this.
        self.stand(source, &mut waiting).await?;
        let caller = Caller::new(&self.ledger, "retry").await?;
        let alone = self.with(caller.ledger().clone());
        let mut round = Round::default();
        while !round.is_last {
            // A new one each time: others need not wait for all that is parked.
            let turn = caller.call().await?;
            // After an error it is left to run out: what was sent may still arrive.
            let retry = alone.retry(source, &caller, turn, &mut waiting, round);
            round = caller.during(turn, retry).await?;
            caller.end(turn).await?;
        }
        Ok(round.retried)
    }

    /// Some of what is parked behind the last round.
    async fn retry(
        &self,
        source: &PartitionId,
        caller: &Caller,
        turn: u64,
        waiting: &mut HashSet<String>,
        mut round: Round,
    ) -> Result<Round, ClickHouseError> {
        // Nothing may be under way that was decided by what is parked now.
        self.stand(source, waiting).await?;
        let model = self.ledger.model;
        let rows = parked::of(self.db(), model, source, round.behind, TAKEN_UP_AT_ONCE).await?;
        round.is_last = (rows.len() as u64) < TAKEN_UP_AT_ONCE;
        for row in rows {
            round.behind = row.sequence;
            let mut block = Block::default();
            let taken = match row.parked() {
                Ok(parked) if !round.failing.contains(&row.subject) => block.take(&parked.event).is_ok(),
                _ => false,
            };
            if !taken {
                round.failing.insert(row.subject);
                round.retried.parked += 1;
                continue;
            }
            let token = format!("{model}/{}/parked/{}", source.index, row.sequence);
            let look = caller.look(turn).await?;
            if !self.is_counted(&row.service, source, row.sequence).await? {
                block.insert_facts(self.db(), &token, &look).await?;
                let look = caller.look(turn).await?;
                block.insert_events(self.db(), &token, &look).await?;
            }
            self.db().insert("parked", "", &[row.gone()]).await?;
            round.retried.handled += 1;
        }
        Ok(round)
    }

    async fn is_counted(
        &self,
        service: &str,
        source: &PartitionId,
        sequence: u64,
    ) -> Result<bool, ClickHouseError> {
        let question = self
            .db()
            .client
            .query("SELECT count() FROM events WHERE service = ? AND partition = ? AND sequence = ?")
            .bind(service)
            .bind(source.index)
            .bind(sequence);
        let counted: Option<u64> = self.db().first("look for an event", question).await?;
        Ok(counted.unwrap_or(0) > 0)
    }
}
