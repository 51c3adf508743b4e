//! A projection's documents, as the runner and the operator see them.

use super::{
    Mongo, MongoError, MongoProjection, MongoReaders, Step, Steps, index, parked,
    readers::{self, InUse},
    rebuild,
    state::{self, State, States},
    steps::Onward,
    take_up::GONE_BACK,
};
use crate::{Comparison, ParkedNote, RebuildError, StoredModel};
use async_trait::async_trait;
use interstate_eventing::{
    Event,
    projection::{Applied, Parked, Position, ReadModel, Retried, StoreFailure},
};
use interstate_log::{Log, PartitionId};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How long a document is kept that has expired.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A projection in a database. Clones share both.
pub struct MongoReadModel<P> {
    pub(super) db: Mongo,
    pub(super) projection: Arc<P>,
    pub(super) states: States,
    pub(super) in_use: InUse,
    pub(super) steps: Arc<dyn Steps>,
    pub(super) kept: Duration,
    /// Within a process a runner and an operator take turns with the events of a partition.
    turns: Arc<Mutex<HashMap<PartitionId, Arc<Mutex<()>>>>>,
}

impl<P> Clone for MongoReadModel<P> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            projection: self.projection.clone(),
            states: self.states.clone(),
            in_use: self.in_use.clone(),
            steps: self.steps.clone(),
            kept: self.kept,
            turns: self.turns.clone(),
        }
    }
}

impl<P: MongoProjection> MongoReadModel<P> {
    /// Opens it, and makes its collection and indices where they are missing or of an earlier version.
    ///
    /// # Errors
    /// The server is away, or holds a read model of a later version.
    pub async fn open(db: &Mongo, projection: P) -> Result<Self, MongoError> {
        let states = States::of(db, P::NAME, P::VERSION);
        let state = states.ensure().await?;
        let model = Self {
            db: db.clone(),
            projection: Arc::new(projection),
            in_use: InUse::new(state.generation),
            states,
            steps: Arc::new(Onward),
            kept: KEPT,
            turns: Arc::default(),
        };
        parked::ensure(db).await?;
        model.prepare(state.generation).await?;
        model.tidy().await;
        Ok(model)
    }

    /// The same documents, with somebody who decides at each step what happens there.
    #[must_use]
    pub fn with_steps(&self, steps: Arc<dyn Steps>) -> Self {
        Self {
            steps,
            ..self.clone()
        }
    }

    /// The same, but what has expired is kept for so long.
    #[must_use]
    pub fn with_kept(&self, kept: Duration) -> Self {
        Self { kept, ..self.clone() }
    }

    /// Its documents, for queries.
    pub fn readers(&self) -> MongoReaders {
        MongoReaders::of::<P>(&self.db, &self.states, &self.in_use)
    }

    /// The collection in use, for operators.
    pub fn collection(&self) -> String {
        readers::collection(P::NAME, self.in_use.get())
    }

    /// Makes the indices of a generation.
    pub(super) async fn prepare(&self, generation: i64) -> Result<(), MongoError> {
        let collection = readers::collection(P::NAME, generation);
        index::ensure(&self.db, &collection, &P::indices(), P::EXPIRES).await
    }

    /// Removes what nobody reads any more, as well as that goes now: others may remove the same at this moment, and what
    /// is left is found the next time.
    pub(super) async fn tidy(&self) {
        let cleared = async { self.clear(&self.state().await?).await };
        if let Err(error) = cleared.await {
            tracing::warn!(projection = P::NAME, %error, "documents that nobody reads any more are still there");
        }
    }

    /// Removes generations that nobody reads: not the one in use, not the one before, which queries of other processes
    /// may look at for a moment, and not one that is filled.
    async fn clear(&self, state: &State) -> Result<(), MongoError> {
        let there = state::generations(&self.db, P::NAME).await?;
        let before = there.iter().rev().find(|one| **one < state.generation).copied();
        let kept: Vec<i64> = [Some(state.generation), before, state.filling]
            .into_iter()
            .flatten()
            .collect();
        for one in there
            .into_iter()
            .filter(|one| !kept.contains(one) && *one <= state.begun)
        {
            self.remove(one).await?;
        }
        self.aside(state.generation).forget_others(&kept).await
    }

    async fn remove(&self, generation: i64) -> Result<(), MongoError> {
        self.db.forget(&readers::collection(P::NAME, generation)).await
    }

    pub(super) async fn turn(&self, source: &PartitionId) -> Arc<Mutex<()>> {
        self.turns.lock().await.entry(source.clone()).or_default().clone()
    }

    /// As it stands now, which this process then goes by.
    pub(super) async fn state(&self) -> Result<State, MongoError> {
        let state = self.states.ensure().await?;
        if state.generation != self.in_use.get() {
            // Whoever has made it may not have come to its indices.
            self.prepare(state.generation).await?;
        }
        self.in_use.saw(&state);
        Ok(state)
    }

    pub(super) fn tell(&self, documents: &[(String, P::Document)]) {
        for (id, document) in documents {
            self.projection.written(id, document);
        }
    }

    async fn apply_now(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, MongoError> {
        let turn = self.turn(source).await;
        let _turn = turn.lock().await;
        let generation = self.in_use.get();
        let from = events.first().map_or(to.sequence, |event| event.sequence - 1);
        let mut applied = Applied::default();
        let mut documents = Vec::new();
        if !events.is_empty() {
            let folded = self
                .take_up(generation, source, events.to_vec(), Some(from))
                .await?;
            applied.parked = folded.parked.len() as u64;
            documents = folded.documents;
        }
        if !self.states.advance(generation, source, from, to).await? {
            let state = self.state().await?;
            let stands = state.position(source);
            let is_there = stands.sequence >= to.sequence && stands.receipt >= to.receipt;
            if state.generation != generation || !is_there {
                return Err(self.db.failed(GONE_BACK));
            }
            // Another process has taken the same events up: documents first, then the position, as everybody does. It
            // may be further; whoever watches documents here is told of each all the same.
            applied.overtaken = Some(to);
        }
        self.reach(Step::Moved).await?;
        self.tell(&documents);
        Ok(applied)
    }

    async fn retry_now(&self, source: &PartitionId) -> Result<Retried, MongoError> {
        let turn = self.turn(source).await;
        let _turn = turn.lock().await;
        let generation = self.state().await?.generation;
        let (retried, documents) = self.take_up_again(generation, source).await?;
        if self.state().await?.generation != generation {
            return Err(self.db.failed("a rebuilt read model was put in use meanwhile"));
        }
        self.tell(&documents);
        Ok(retried)
    }
}

#[async_trait]
impl<P: MongoProjection> ReadModel for MongoReadModel<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure> {
        let state = self.state().await;
        let state = state.map_err(|error| failure::<P>("read its position", &error))?;
        Ok(state.position(source))
    }

    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure> {
        let applied = self.apply_now(source, events, to).await;
        applied.map_err(|error| failure::<P>(format!("take {} events of {source} up", events.len()), &error))
    }

    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure> {
        let found = self.aside(self.in_use.get()).of(source, None).await;
        found.map_err(|error| failure::<P>("list what is parked", &error))
    }

    async fn parked_count(&self, source: &PartitionId) -> Result<u64, StoreFailure> {
        let counted = self.aside(self.in_use.get()).count(source).await;
        counted.map_err(|error| failure::<P>("count what is parked", &error))
    }

    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure> {
        // Whoever reads asks this, and is told at once where the server does not answer.
        let aside = self.aside(self.in_use.get());
        let found = self.db.ask(aside.has(source, subject)).await;
        found.map_err(|error| failure::<P>("say what is parked", &error))
    }

    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure> {
        let retried = self.retry_now(source).await;
        retried.map_err(|error| failure::<P>("take parked events up", &error))
    }
}

#[async_trait]
impl<P: MongoProjection> StoredModel for MongoReadModel<P> {
    async fn parked_notes(&self, most: u32) -> Result<Vec<ParkedNote>, StoreFailure> {
        let notes = self.aside(self.in_use.get()).notes(most).await;
        notes.map_err(|error| failure::<P>("tell what is parked", &error))
    }

    async fn rebuild(
        &self,
        log: &dyn Log,
        sources: &[PartitionId],
        verify: bool,
    ) -> Result<Comparison, RebuildError> {
        rebuild::rebuild(log, self, sources, verify).await
    }
}

fn failure<P: MongoProjection>(what: impl Into<String>, error: &MongoError) -> StoreFailure {
    StoreFailure {
        model: P::NAME.to_owned(),
        what: what.into(),
        why: error.to_string(),
    }
}
