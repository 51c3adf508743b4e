//! What the runtime stands on. All of it is ports, so that the simulator runs the same code.

use super::{
    clock::Clock,
    meter::{Meter, Unmetered},
    replies::Replies,
    resent::Resent,
    status::Statuses,
};
use crate::{
    Topology,
    snapshot::Snapshots,
    store::{MemoryStore, StateStore, StoreError},
};
use futures::future::BoxFuture;
use interstate_log::Log;
use std::sync::Arc;

/// Starts concurrent work.
pub trait Spawn: Send + Sync + 'static {
    /// Runs a future until it ends.
    fn spawn(&self, future: BoxFuture<'static, ()>);
}

/// Tokio's workers.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioSpawn;

impl Spawn for TokioSpawn {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        tokio::spawn(future);
    }
}

/// Where the caches of partitions live on this machine.
pub trait Stores: Send + Sync + 'static {
    /// The cache of one partition; always the same one.
    fn open(&self, service: &str, partition: u32) -> Result<Box<dyn StateStore>, StoreError>;
}

/// No disk: a takeover replays the log from its beginning.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStores;

impl Stores for NoStores {
    fn open(&self, _: &str, _: u32) -> Result<Box<dyn StateStore>, StoreError> {
        Ok(Box::new(MemoryStore::default()))
    }
}

#[cfg(feature = "fjall")]
impl Stores for crate::store::FjallCaches {
    fn open(&self, service: &str, partition: u32) -> Result<Box<dyn StateStore>, StoreError> {
        Ok(Box::new(self.partition(service, partition)?))
    }
}

/// What a process gives its partitions to work with. Clones share it.
#[derive(Clone)]
pub struct Env {
    /// The truth.
    pub log: Arc<dyn Log>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Concurrency.
    pub spawn: Arc<dyn Spawn>,
    /// Caches.
    pub stores: Arc<dyn Stores>,
    /// Names this process among those that share the services.
    pub instance: String,
    /// Which services there are.
    pub topology: Topology,
    /// Who waits for which reply.
    pub replies: Replies,
    /// How the partitions are.
    pub statuses: Statuses,
    /// Whether partitions that other instances own are followed.
    pub follows: bool,
    /// Where partitions' caches are copied to, and found by an empty disk; nowhere unless it is put here.
    pub snapshots: Option<Snapshots>,
    /// Counts commands and batches; nobody does unless one is put here.
    pub meter: Arc<dyn Meter>,
    pub(crate) resent: Resent,
}

impl Env {
    /// A process's environment.
    pub fn new(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        spawn: Arc<dyn Spawn>,
        stores: Arc<dyn Stores>,
        instance: impl Into<String>,
        topology: Topology,
    ) -> Self {
        let expected = topology.services().map(|(_, count)| count as usize).sum();
        Self {
            log,
            clock,
            spawn,
            stores,
            instance: instance.into(),
            topology,
            replies: Replies::default(),
            statuses: Statuses::default(),
            follows: true,
            snapshots: None,
            meter: Arc::new(Unmetered),
            resent: Resent::new(expected),
        }
    }
}
