//! The port of a read model: what the runner asks of a store.

use super::Parked;
use crate::{Batch, Event};
use async_trait::async_trait;
use interstate_log::PartitionId;
use std::time::Duration;

/// How far a projection is in one partition of a service's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The offset to read on from.
    pub next: u64,
    /// The last event's place in the dense count; 0 at the beginning.
    pub sequence: u64,
    /// The last receipt's number; 0 at the beginning.
    pub receipt: u64,
    /// The generation of the partitions; 0 before the first receipt.
    pub incarnation: u32,
}

impl Position {
    /// Behind a batch.
    pub fn behind(batch: &Batch) -> Self {
        Self {
            next: batch.next,
            sequence: batch.receipt.last,
            receipt: batch.receipt.number,
            incarnation: batch.receipt.incarnation,
        }
    }
}

/// What became of the events of one [`ReadModel::apply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Events parked by this call.
    pub parked: u64,
    /// Nothing was done: another process that follows the same events into the same rows has taken events up in between,
    /// and stands here.
    pub overtaken: Option<Position>,
}

/// What became of parked events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retried {
    /// They are in the read model now.
    pub handled: u64,
    /// They still fail, or stand behind one that does.
    pub parked: u64,
}

/// The store did not do what it was asked; nothing of it happened, or all of it. Ask for the position again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the read model `{model}` did not {what}: {why}")]
pub struct StoreFailure {
    /// The projection's name.
    pub model: String,
    /// `read its position`, `take 120 events up`.
    pub what: String,
    /// What the store said.
    pub why: String,
}

/// One projection's rows in a store, with its positions and what it has parked.
#[async_trait]
pub trait ReadModel: Send + Sync + 'static {
    /// The projection's name, `booking-history`.
    fn name(&self) -> &str;

    /// How long a few events wait for more before they are taken up: for a store that is meant for few large batches.
    fn lingers(&self) -> Duration {
        Duration::ZERO
    }

    /// How far it is; the beginning where it has seen nothing.
    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure>;

    /// Takes events up, in order, and moves the position, all in one transaction, if that stands right before the first
    /// of them.
    ///
    /// An event that cannot be projected is parked in the same transaction, and so is a later one of the same
    /// subject. An error means that the store failed, never that an event did.
    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure>;

    /// What is parked of this partition, in order.
    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure>;

    /// How many events are parked of this partition.
    async fn parked_count(&self, source: &PartitionId) -> Result<u64, StoreFailure> {
        Ok(self.parked(source).await?.len() as u64)
    }

    /// Whether events of this subject are parked: its rows are older than the position says.
    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure>;

    /// Takes parked events up again, in order, each subject as far as it goes.
    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure>;
}
