//! A read model in memory, for simulations and tests: what a clone has written, every other clone finds, as
//! processes find their disk after a crash.

use super::{Applied, Parked, Position, ReadModel, Retried, StoreFailure};
use crate::Event;
use async_trait::async_trait;
use interstate_log::PartitionId;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Where a crash, a delay or a failure can come in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The position is about to be read.
    BeforePosition,
    /// Nothing of the transaction is written.
    BeforeCommit,
    /// Rows and position are written, and not committed.
    InTransaction,
    /// The transaction is on the disk, and nobody has heard of it.
    AfterCommit,
}

/// Decides what happens at each moment: a simulation suspends, fails or never goes on.
#[async_trait]
pub trait Sequencer: Send + Sync + 'static {
    /// Returns when it may go on.
    ///
    /// # Errors
    /// The store is away.
    async fn reach(&self, moment: Moment) -> Result<(), String>;
}

/// Lets everything pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pass;

#[async_trait]
impl Sequencer for Pass {
    async fn reach(&self, _: Moment) -> Result<(), String> {
        Ok(())
    }
}

/// The rows within one transaction.
pub struct Rows<'a> {
    below: Vec<&'a BTreeMap<String, Option<Vec<u8>>>>,
    disk: &'a BTreeMap<String, Vec<u8>>,
    changed: BTreeMap<String, Option<Vec<u8>>>,
}

impl Rows<'_> {
    /// A row's value.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        let layers = std::iter::once(&self.changed).chain(self.below.iter().copied());
        for layer in layers {
            if let Some(value) = layer.get(key) {
                return value.as_deref();
            }
        }
        self.disk.get(key).map(Vec::as_slice)
    }

    /// Writes a row.
    pub fn put(&mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.changed.insert(key.into(), Some(value.into()));
    }

    /// Removes a row.
    pub fn remove(&mut self, key: impl Into<String>) {
        self.changed.insert(key.into(), None);
    }
}

/// Takes one event into the rows, or says why it cannot.
pub type Fold = Arc<dyn Fn(&mut Rows<'_>, &Event) -> Result<(), String> + Send + Sync>;

#[derive(Default)]
struct Disk {
    rows: BTreeMap<String, Vec<u8>>,
    positions: BTreeMap<PartitionId, Position>,
    parked: BTreeMap<(PartitionId, u64), Parked>,
}

/// The read model. Clones share the disk.
#[derive(Clone)]
pub struct MemoryReadModel {
    name: &'static str,
    fold: Fold,
    disk: Arc<Mutex<Disk>>,
    sequencer: Arc<dyn Sequencer>,
}

impl MemoryReadModel {
    /// An empty one.
    pub fn new(
        name: &'static str,
        fold: impl Fn(&mut Rows<'_>, &Event) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            fold: Arc::new(fold),
            disk: Arc::default(),
            sequencer: Arc::new(Pass),
        }
    }

    /// The same disk, with this sequencer at every moment.
    #[must_use]
    pub fn with_sequencer(&self, sequencer: Arc<dyn Sequencer>) -> Self {
        Self {
            sequencer,
            ..self.clone()
        }
    }

    /// The same disk, with another fold: a new version of the projection.
    #[must_use]
    pub fn with_fold(
        &self,
        fold: impl Fn(&mut Rows<'_>, &Event) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            fold: Arc::new(fold),
            ..self.clone()
        }
    }

    /// All rows.
    pub fn rows(&self) -> BTreeMap<String, Vec<u8>> {
        self.disk().rows.clone()
    }

    /// The positions, to compare with those of a replay.
    pub fn positions(&self) -> BTreeMap<PartitionId, Position> {
        self.disk().positions.clone()
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reach(&self, moment: Moment, what: &str) -> Result<(), StoreFailure> {
        self.sequencer.reach(moment).await.map_err(|why| StoreFailure {
            model: self.name.to_owned(),
            what: what.to_owned(),
            why,
        })
    }
}

impl Disk {
    /// Folds events over the rows; what fails goes to `parked`, with the later ones of its subject.
    fn fold<'e>(
        &self,
        fold: &Fold,
        events: impl Iterator<Item = &'e Event>,
        mut parked: Vec<Parked>,
    ) -> (BTreeMap<String, Option<Vec<u8>>>, Vec<Parked>) {
        let mut changed = BTreeMap::new();
        for event in events {
            if parked.iter().any(|known| known.event.subject == event.subject) {
                parked.push(Parked::behind(event));
                continue;
            }
            let mut rows = Rows {
                below: vec![&changed],
                disk: &self.rows,
                changed: BTreeMap::new(),
            };
            match fold(&mut rows, event) {
                Ok(()) => {
                    let own = rows.changed;
                    changed.extend(own);
                }
                Err(reason) => parked.push(Parked::failed(event, reason)),
            }
        }
        (changed, parked)
    }

    fn write(&mut self, changed: BTreeMap<String, Option<Vec<u8>>>) {
        for (key, value) in changed {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }

    fn parked_of(&self, source: &PartitionId) -> Vec<Parked> {
        let of_source = self.parked.iter().filter(|((known, _), _)| known == source);
        of_source.map(|(_, parked)| parked.clone()).collect()
    }
}

#[async_trait]
impl ReadModel for MemoryReadModel {
    fn name(&self) -> &str {
        self.name
    }

    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure> {
        self.reach(Moment::BeforePosition, "read its position").await?;
        Ok(self.disk().positions.get(source).copied().unwrap_or_default())
    }

    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure> {
        self.reach(Moment::BeforeCommit, "take events up").await?;
        let count = {
            let mut disk = self.disk();
            let before = disk.parked_of(source);
            let known = before.len();
            let (changed, parked) = disk.fold(&self.fold, events.iter(), before);
            let new = &parked[known..];
            for parked in new {
                let key = (source.clone(), parked.event.sequence);
                disk.parked.insert(key, parked.clone());
            }
            disk.write(changed);
            disk.positions.insert(source.clone(), to);
            new.len() as u64
        };
        self.reach(Moment::AfterCommit, "answer").await?;
        Ok(Applied {
            parked: count,
            overtaken: None,
        })
    }

    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure> {
        Ok(self.disk().parked_of(source))
    }

    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure> {
        let parked = self.disk().parked_of(source);
        Ok(parked.iter().any(|parked| parked.event.subject == subject))
    }

    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure> {
        self.reach(Moment::BeforeCommit, "take parked events up").await?;
        let retried = {
            let mut disk = self.disk();
            let before = disk.parked_of(source);
            let (changed, parked) =
                disk.fold(&self.fold, before.iter().map(|parked| &parked.event), Vec::new());
            disk.write(changed);
            disk.parked.retain(|(known, _), _| known != source);
            for parked in &parked {
                let key = (source.clone(), parked.event.sequence);
                disk.parked.insert(key, parked.clone());
            }
            Retried {
                handled: (before.len() - parked.len()) as u64,
                parked: parked.len() as u64,
            }
        };
        self.reach(Moment::AfterCommit, "answer").await?;
        Ok(retried)
    }
}
