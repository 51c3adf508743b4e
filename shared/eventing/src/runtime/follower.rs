//! Follows a partition that another instance owns: its task is replayed as it grows, so that taking it over does not
//! take longer the longer the log is.

use super::{
    env::Env,
    replay::{self, CHUNK, FLUSH_EVERY, ReplayError},
};
use crate::{Service, task::Task};
use interstate_log::{PartitionId, Topic};
use std::time::Duration;
use tokio::sync::watch;

/// How long a partition that is not ours is left alone first. One that changes hands is somebody's at once, most often
/// this instance's own.
const SETTLE: Duration = Duration::from_secs(3);
/// The wait before it is tried again.
const BACKOFF: Duration = Duration::from_secs(5);

/// Follows until it is stopped; gives the task, as far as it came, for whoever takes the partition over here.
pub(super) async fn follow(
    env: Env,
    service: Service,
    id: PartitionId,
    mut stop: watch::Receiver<bool>,
) -> Option<Task> {
    let mut wait = SETTLE;
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return None,
            () = env.clock.sleep(wait) => {}
        }
        match keep_up(&env, &service, &id, &mut stop).await {
            Ok(task) => return task,
            Err(error) => tracing::warn!(partition = %id, %error, "the partition cannot be followed yet"),
        }
        wait = BACKOFF;
    }
}

async fn keep_up(
    env: &Env,
    service: &Service,
    id: &PartitionId,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<Task>, ReplayError> {
    let topic = Topic::events(id.service.clone());
    let opened = async {
        let task = replay::open(env, service, id).await?;
        let reader = env.log.read(&topic, id.index, task.next()).await?;
        Ok::<_, ReplayError>((task, reader))
    };
    let (mut task, mut reader) = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => return Ok(None),
        opened = opened => opened?,
    };
    let mut batches = task.batches();
    let mut unflushed = 0;
    env.statuses.follows(id, Some(task.sequence()));
    loop {
        let chunk = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return Ok(Some(task)),
            chunk = reader.next(CHUNK) => chunk?,
        };
        unflushed += replay::take_up(&chunk, &mut batches, &mut task)?;
        if unflushed >= FLUSH_EVERY {
            unflushed = 0;
            task.flush()?;
        }
        env.statuses.follows(id, Some(task.sequence()));
    }
}
