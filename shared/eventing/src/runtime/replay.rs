//! Brings a partition's task to where its log is: at a takeover, and behind an owner that is another instance.

use super::env::Env;
use crate::{
    Batches, Service,
    task::{Limits, Task, TaskError},
};
use interstate_log::{Chunk, LogError, PartitionId, Topic};
use std::time::Duration;

/// Records read at once.
pub(super) const CHUNK: usize = 1_000;
/// Batches after which the cache is written.
pub(super) const FLUSH_EVERY: u32 = 512;

/// Why the task does not get any further.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplayError {
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A partition's task, as its cache on this machine has it.
pub(super) fn open(env: &Env, service: &Service, id: &PartitionId) -> Result<Task, TaskError> {
    let store = env.stores.open(&id.service, id.index);
    let store = store.map_err(|error| TaskError::State(error.into()))?;
    let (service, topology) = (service.clone(), env.topology.clone());
    Task::open(service, topology, id.index, store, Limits::default())
}

/// Brings the task to the committed end of its events; how many records that took.
pub(super) async fn to(env: &Env, id: &PartitionId, task: &mut Task, end: u64) -> Result<u64, ReplayError> {
    let topic = Topic::events(id.service.clone());
    let mut batches = task.batches();
    let mut reader = env.log.read(&topic, id.index, task.next()).await?;
    let (mut seen, mut records) = (task.next(), 0);
    while seen < end {
        let chunk = reader.poll(CHUNK).await?;
        records += chunk.records.len() as u64;
        take_up(&chunk, &mut batches, task)?;
        if chunk.records.is_empty() && chunk.next <= seen {
            // Below `end` but not yet readable: an open transaction is being resolved.
            env.clock.sleep(Duration::from_millis(5)).await;
        }
        seen = chunk.next;
    }
    Ok(records)
}

/// Takes up what was read; how many batches that were.
pub(super) fn take_up(chunk: &Chunk, batches: &mut Batches, task: &mut Task) -> Result<u32, TaskError> {
    let mut count = 0;
    for stored in &chunk.records {
        if let Some(batch) = batches.push(stored)? {
            task.replay(&batch)?;
            count += 1;
        }
    }
    Ok(count)
}
