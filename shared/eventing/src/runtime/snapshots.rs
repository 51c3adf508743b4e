//! Takes snapshots of what is owned here, and starts from one where the cache on this disk is far behind.

use super::{env::Env, replay};
use crate::{
    Service,
    receipt::Receipt,
    snapshot::{Mark, Snapshot, SnapshotError, Snapshots},
    task::{Task, TaskError},
};
use futures::future::{Either, select};
use interstate_log::{LogError, PartitionId, Topic};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// A receipt's record lies so near to where the log goes on behind it: Kafka has an offset for the end of a
/// transaction too.
const NEAR: u64 = 4;
/// How long a snapshot may be looked for, and compared with the log.
const FOUND_WITHIN: Duration = Duration::from_secs(30);
/// How long one may be loaded.
const LOADED_WITHIN: Duration = Duration::from_secs(300);

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("the log: {0}")]
    Log(#[from] LogError),
    #[error("the snapshots' store has not answered in {0:?}")]
    Late(Duration),
    #[error(
        "the log has another history than the snapshot: it was taken of another deployment, or the log is not whole"
    )]
    OtherHistory,
}

/// The task as its cache has it, or as a snapshot has it that is so much younger that loading it pays.
pub(super) async fn catch_up(
    env: &Env,
    service: &Service,
    id: &PartitionId,
    task: Task,
) -> Result<Task, TaskError> {
    let Some(snapshots) = &env.snapshots else {
        return Ok(task);
    };
    let looked = younger(env, snapshots, id, task.mark());
    let younger = match within(env, FOUND_WITHIN, looked).await {
        Ok(younger) => younger,
        Err(error) => {
            tracing::warn!(partition = %id, %error, "no snapshot can be used; the log is replayed");
            None
        }
    };
    let Some(snapshot) = younger else {
        return Ok(task);
    };
    let mut store = task.into_store();
    let loaded = async { Ok(snapshot.load(&mut *store).await?) };
    // What is left of one that was not loaded to its end is no cache, and is thrown away.
    match within(env, LOADED_WITHIN, loaded).await {
        Ok(()) => tracing::info!(partition = %id, "the state was taken from a snapshot"),
        Err(error) => {
            tracing::warn!(partition = %id, %error, "a snapshot could not be loaded; the log is replayed");
        }
    }
    replay::task_on(env, service, id, store)
}

async fn within<T>(
    env: &Env,
    patience: Duration,
    work: impl Future<Output = Result<T, Unusable>>,
) -> Result<T, Unusable> {
    match select(pin!(work), env.clock.sleep(patience)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(Unusable::Late(patience)),
    }
}

async fn younger(
    env: &Env,
    snapshots: &Snapshots,
    id: &PartitionId,
    ours: Mark,
) -> Result<Option<Snapshot>, Unusable> {
    let youngest = snapshots.youngest(id, &ours.shape).await?;
    let worth_it = ours.next + snapshots.every();
    let Some(kept) = youngest.filter(|kept| kept.next >= worth_it) else {
        return Ok(None);
    };
    let snapshot = snapshots.open(kept).await?;
    match stands(env, id, snapshot.mark()).await? {
        true => Ok(Some(snapshot)),
        false => Err(Unusable::OtherHistory),
    }
}

/// Whether the log has the snapshot's receipt where the snapshot has it.
async fn stands(env: &Env, id: &PartitionId, mark: &Mark) -> Result<bool, LogError> {
    if (&mark.service, mark.partition) != (&id.service.to_string(), id.index) {
        return Ok(false);
    }
    let topic = Topic::events(id.service.clone());
    if env.log.end(&topic, id.index).await? < mark.next {
        return Ok(false);
    }
    let mut stands = false;
    replay::read(env, id, mark.next.saturating_sub(NEAR), mark.next, |chunk| {
        for stored in chunk.records.iter().filter(|stored| stored.offset < mark.next) {
            if let Ok(Some(receipt)) = Receipt::from_record(&stored.record) {
                stands = (receipt.number, receipt.last, receipt.incarnation)
                    == (mark.receipt, mark.sequence, mark.incarnation)
                    && receipt.time == mark.time;
            }
        }
        Ok::<(), LogError>(())
    })
    .await?;
    Ok(stands)
}

/// Takes snapshots of a partition beside its work.
#[derive(Default)]
pub(super) struct Taking(Arc<Taken>);

#[derive(Default)]
struct Taken {
    /// One is being taken.
    busy: AtomicBool,
    /// Up to where the last one goes, as far as this tenure knows.
    next: AtomicU64,
}

impl Taking {
    /// Begins to take one where it is time for it. The task's cache must have just been written.
    pub(super) fn consider(&self, env: &Env, id: &PartitionId, task: &Task) {
        let Some(snapshots) = env.snapshots.clone() else {
            return;
        };
        let taken = self.0.clone();
        let due = taken.next.load(Ordering::Relaxed) + snapshots.every();
        if task.next() < due || taken.busy.swap(true, Ordering::Relaxed) {
            return;
        }
        let (id, mark, rows) = (id.clone(), task.mark(), task.rows());
        env.spawn.spawn(Box::pin(async move {
            let next = snapshots.take(&mark, rows).await.unwrap_or_else(|error| {
                tracing::warn!(partition = %id, %error, "no snapshot was taken; the next is tried in time");
                mark.next
            });
            taken.next.store(next, Ordering::Relaxed);
            taken.busy.store(false, Ordering::Relaxed);
        }));
    }
}
