//! Makes a read model again from the log beside the live one: a generation of its own, filled, compared, and put in use
//! by one write.

use super::{MongoError, MongoProjection, MongoReadModel, compare, state::State};
use crate::{Comparison, RebuildError, replay::Replay};
use futures::future::try_join_all;
use interstate_eventing::projection::Position;
use interstate_log::{Log, PartitionId};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// How often it is tried to put it in use while others move on.
const TRIES: u32 = 100;

impl From<MongoError> for RebuildError {
    fn from(error: MongoError) -> Self {
        Self::store(error)
    }
}

pub(super) async fn rebuild<P: MongoProjection>(
    log: &dyn Log,
    live: &MongoReadModel<P>,
    sources: &[PartitionId],
    verify: bool,
) -> Result<Comparison, RebuildError> {
    let begun = live.states.begin().await?;
    // What a rebuild has left that was dropped.
    live.tidy().await;
    let beside = Beside {
        log,
        live,
        from: begun.generation,
        filled: begun.begun,
        positions: Mutex::new(
            sources
                .iter()
                .map(|source| (source.clone(), Position::default()))
                .collect(),
        ),
    };
    let done = beside.run(verify).await;
    if verify || done.is_err() {
        live.states.end(beside.filled).await?;
    }
    live.tidy().await;
    done
}

/// The generation in use, and the one that is filled.
pub(super) struct Beside<'r, P> {
    log: &'r dyn Log,
    pub live: &'r MongoReadModel<P>,
    pub from: i64,
    pub filled: i64,
    /// How far the filled one is.
    positions: Mutex<Vec<(PartitionId, Position)>>,
}

impl<P: MongoProjection> Beside<'_, P> {
    async fn run(&self, verify: bool) -> Result<Comparison, RebuildError> {
        self.live.prepare(self.filled).await?;
        self.catch_up(&self.live.state().await?).await?;
        let mut comparison = compare::compare(self).await?;
        comparison.events = self.positions().iter().map(|(_, at)| at.sequence).sum();
        if !verify {
            self.switch().await?;
            comparison.switched = true;
        }
        Ok(comparison)
    }

    /// How far the filled generation is in a partition of this number.
    pub fn sequence(&self, partition: u32) -> u64 {
        let positions = self.positions();
        let found = positions.iter().find(|(source, _)| source.index == partition);
        found.map_or(0, |(_, at)| at.sequence)
    }

    fn positions(&self) -> MutexGuard<'_, Vec<(PartitionId, Position)>> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the filled generation to where the live one stands. The partitions go side by side.
    pub async fn catch_up(&self, live: &State) -> Result<(), RebuildError> {
        if live.generation != self.from {
            return Err(RebuildError::store(
                "another rebuild has put its read model in use",
            ));
        }
        if live.filling != Some(self.filled) {
            return Err(RebuildError::store(
                "somebody else has begun to rebuild it meanwhile; the later one goes on",
            ));
        }
        let from = self.positions().clone();
        try_join_all(
            from.iter()
                .map(|(source, from)| self.fill(source, *from, live.position(source))),
        )
        .await?;
        Ok(())
    }

    async fn fill(&self, source: &PartitionId, from: Position, to: Position) -> Result<(), RebuildError> {
        let mut replay = Replay::between(self.log, source, from, to).await?;
        while let Some((events, behind)) = replay.next().await? {
            if !events.is_empty() {
                self.live.take_up(self.filled, source, events, None).await?;
            }
            if let Some((_, at)) = self.positions().iter_mut().find(|(known, _)| known == source) {
                *at = behind;
            }
        }
        Ok(())
    }

    /// While these live, no runner of this process takes anything up. Those of others do.
    pub async fn hold(&self) -> Vec<OwnedMutexGuard<()>> {
        let sources: Vec<PartitionId> = self
            .positions()
            .iter()
            .map(|(source, _)| source.clone())
            .collect();
        let mut held = Vec::new();
        for source in &sources {
            held.push(self.live.turn(source).await.lock_owned().await);
        }
        held
    }

    /// Queries see the old documents or the new. Who writes the old ones meanwhile finds the pointer moved, and goes on
    /// with the new ones, which have at least as much.
    async fn switch(&self) -> Result<(), RebuildError> {
        let _held = self.hold().await;
        for _ in 0..TRIES {
            let state = self.live.state().await?;
            self.catch_up(&state).await?;
            let positions = self.positions().clone();
            if self.live.states.switch(&state, self.filled, &positions).await? {
                self.live.state().await?;
                return Ok(());
            }
        }
        Err(RebuildError::store(
            "other processes write faster than the log can be read",
        ))
    }
}
