//! Brings a partition's task to where its log is: at a takeover, and behind an owner that is another instance.

use super::{env::Env, snapshots};
use crate::{
    Batches, Service,
    store::StateStore,
    task::{Limits, Task, TaskError},
};
use interstate_log::{Chunk, LogError, PartitionId, Topic};
use std::time::Duration;

/// Records read at once.
pub(super) const CHUNK: usize = 1_000;
/// Batches after which the cache is written. What is not written yet is held in memory, however long the log is.
pub(super) const FLUSH_EVERY: u32 = 512;

/// Why the task does not get any further.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplayError {
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A partition's task, as its cache on this machine has it, or a snapshot that is much younger.
pub(super) async fn open(env: &Env, service: &Service, id: &PartitionId) -> Result<Task, TaskError> {
    let store = env.stores.open(&id.service, id.index);
    let store = store.map_err(|error| TaskError::State(error.into()))?;
    let task = task_on(env, service, id, store)?;
    snapshots::catch_up(env, service, id, task).await
}

/// A partition's task, as this cache has it.
pub(super) fn task_on(
    env: &Env,
    service: &Service,
    id: &PartitionId,
    store: Box<dyn StateStore>,
) -> Result<Task, TaskError> {
    let (service, topology) = (service.clone(), env.topology.clone());
    Task::open(service, topology, id.index, store, Limits::default())
}

/// Brings the task to the committed end of its events; how many records that took.
pub(super) async fn to(env: &Env, id: &PartitionId, task: &mut Task, end: u64) -> Result<u64, ReplayError> {
    let mut batches = task.batches();
    let (mut records, mut unflushed) = (0, 0);
    read(env, id, task.next(), end, |chunk| {
        records += chunk.records.len() as u64;
        unflushed += take_up(chunk, &mut batches, task)?;
        if unflushed >= FLUSH_EVERY {
            unflushed = 0;
            task.flush()?;
        }
        Ok::<(), ReplayError>(())
    })
    .await?;
    Ok(records)
}

/// Reads a partition's events, from one offset to at least before another.
pub(super) async fn read<E: From<LogError>>(
    env: &Env,
    id: &PartitionId,
    from: u64,
    end: u64,
    mut each: impl FnMut(&Chunk) -> Result<(), E>,
) -> Result<(), E> {
    let topic = Topic::events(id.service.clone());
    let mut reader = env.log.read(&topic, id.index, from).await?;
    let mut seen = from;
    while seen < end {
        let chunk = reader.poll(CHUNK).await?;
        each(&chunk)?;
        if chunk.records.is_empty() && chunk.next <= seen {
            // Below `end` but not yet readable: an open transaction is being resolved.
            env.clock.sleep(Duration::from_millis(5)).await;
        }
        seen = chunk.next;
        // A log on this machine never lets anybody wait: whoever is stopped would not hear of it.
        tokio::task::yield_now().await;
    }
    Ok(())
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
