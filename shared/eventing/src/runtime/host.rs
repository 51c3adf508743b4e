//! Hosts services in this process: joins the group of each, and runs the partitions that are assigned.

use super::{
    env::Env,
    follower,
    partition::{End, Partition},
    reply_out,
    status::Activity,
};
use crate::{
    Service,
    task::{StateError, Task, TaskError, is_behind},
};
use interstate_log::{Assignment, Lease, LogError, Membership, PartitionId, Topic, TopicKind, TopicSpec};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{oneshot, watch};

/// The wait before a partition that could not go on is taken over again.
const BACKOFF: Duration = Duration::from_secs(1);

/// The topics that a service needs; none where it has no partitions.
pub fn topics(service: &str, partitions: u32) -> Vec<TopicSpec> {
    if partitions == 0 {
        return Vec::new();
    }
    [
        TopicKind::Commands,
        TopicKind::Events,
        TopicKind::Replies,
        TopicKind::DeadLetters,
    ]
    .into_iter()
    .map(|kind| TopicSpec {
        topic: Topic::new(service.to_owned(), kind),
        partitions,
    })
    .collect()
}

/// The services of this process. Dropping it does not stop them: say [`Host::stop`].
pub struct Host {
    stop: watch::Sender<bool>,
    running: Vec<oneshot::Receiver<()>>,
}

impl Host {
    /// Checks the topics of every service of the deployment and starts those that are hosted here.
    pub async fn start(env: &Env, services: Vec<Service>) -> Result<Self, LogError> {
        let all: Vec<TopicSpec> = env
            .topology
            .services()
            .flat_map(|(name, count)| topics(name, count))
            .collect();
        env.log.ensure(&all).await?;
        let (stop, stopping) = watch::channel(false);
        let mut running = Vec::new();
        for service in services.into_iter().filter(|service| !service.only_reads()) {
            let (done, ended) = oneshot::channel();
            running.push(ended);
            if env.log.commands_are_durable() {
                listen(env, &service, stopping.clone());
            }
            let group = Group {
                env: env.clone(),
                service,
                stop: stopping.clone(),
                owned: BTreeMap::new(),
                followed: BTreeMap::new(),
            };
            env.spawn.spawn(Box::pin(async move {
                group.run().await;
                let _ = done.send(());
            }));
        }
        Ok(Self { stop, running })
    }

    /// Has every partition finish what it holds, and returns when all have.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for ended in self.running {
            let _ = ended.await;
        }
    }
}

/// A service's partitions in this process.
struct Group {
    env: Env,
    service: Service,
    stop: watch::Receiver<bool>,
    owned: BTreeMap<PartitionId, Work<()>>,
    /// Those of other instances.
    followed: BTreeMap<PartitionId, Work<Option<Task>>>,
}

/// What runs until it is told to end, and what it leaves.
struct Work<T> {
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<T>,
}

impl<T: Send + 'static> Work<T> {
    fn start<F>(env: &Env, work: impl FnOnce(watch::Receiver<bool>) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (stop, stopping) = watch::channel(false);
        let (done, ended) = oneshot::channel();
        let work = work(stopping);
        env.spawn.spawn(Box::pin(async move {
            let _ = done.send(work.await);
        }));
        Self { stop, ended }
    }

    /// Nothing where it died.
    async fn end(self) -> Option<T> {
        self.stop.send_replace(true);
        self.ended.await.ok()
    }
}

impl Group {
    async fn run(mut self) {
        while !*self.stop.borrow() {
            self.follow_the_rest();
            match self.env.log.join(self.service.name()).await {
                Ok(mut membership) => {
                    self.take_part(&mut *membership).await;
                    // Before the group hears that this member leaves: nobody takes over what still decides. What
                    // was owned in this membership is taken up again, or proven, in the next.
                    self.disown_all().await;
                    membership.leave().await;
                }
                Err(error) => {
                    tracing::warn!(service = self.service.name(), %error, "the group cannot be joined yet")
                }
            }
            if !*self.stop.borrow() {
                self.env.clock.sleep(BACKOFF).await;
            }
        }
        while let Some((id, followed)) = self.followed.pop_first() {
            if let Some(mut task) = followed.end().await.flatten()
                && let Err(error) = task.flush()
            {
                tracing::warn!(partition = %id, %error, "the state cache was not written; the next start replays more");
            }
            self.env.statuses.follows(&id, None);
        }
    }

    /// Owns what the group gives, until the process stops or the membership ends.
    async fn take_part(&mut self, membership: &mut dyn Membership) {
        loop {
            let next = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => return,
                next = membership.next() => next,
            };
            match next {
                Ok(Assignment::Assigned(id, lease)) => self.own(id, lease).await,
                Ok(Assignment::Revoked(id, done)) => {
                    self.disown(&id).await;
                    let _ = done.send(());
                    self.follow_the_rest();
                }
                Err(error) => {
                    tracing::warn!(service = self.service.name(), %error, "the group is joined again");
                    return;
                }
            }
        }
    }

    async fn own(&mut self, id: PartitionId, lease: Arc<dyn Lease>) {
        self.disown(&id).await;
        // What followed it has to let go of its cache first.
        let followed = match self.followed.remove(&id) {
            Some(followed) => followed.end().await.flatten(),
            None => None,
        };
        self.env.statuses.follows(&id, None);
        let work = Work::start(&self.env, |stop| {
            supervise(
                self.env.clone(),
                self.service.clone(),
                id.clone(),
                lease,
                stop,
                followed,
            )
        });
        self.owned.insert(id, work);
    }

    /// Follows what other instances own.
    fn follow_the_rest(&mut self) {
        if !self.env.follows {
            return;
        }
        for index in 0..self.service.partition_count() {
            let id = PartitionId::new(self.service.name(), index);
            if !self.owned.contains_key(&id) && !self.followed.contains_key(&id) {
                let (env, service, of) = (self.env.clone(), self.service.clone(), id.clone());
                let work = Work::start(&self.env, |stop| follower::follow(env, service, of, stop));
                self.followed.insert(id, work);
            }
        }
    }

    /// All at once: each may have a batch under way.
    async fn disown_all(&mut self) {
        for owned in self.owned.values() {
            owned.stop.send_replace(true);
        }
        while let Some(id) = self.owned.keys().next().cloned() {
            self.disown(&id).await;
        }
    }

    async fn disown(&mut self, id: &PartitionId) {
        if let Some(owned) = self.owned.remove(id) {
            owned.end().await;
            self.env.statuses.remove(id);
        }
    }
}

/// Runs a partition, again after a pause where it could not go on, until it is stopped or lost.
async fn supervise(
    env: Env,
    service: Service,
    id: PartitionId,
    lease: Arc<dyn Lease>,
    stop: watch::Receiver<bool>,
    mut followed: Option<Task>,
) {
    let mut survived = false;
    loop {
        let (env_of, stop_of) = (env.clone(), stop.clone());
        let partition = Partition {
            env: env_of,
            service: service.clone(),
            id: id.clone(),
            lease: lease.clone(),
            stop: stop_of,
            followed: followed.take(),
            survived,
        };
        let end = match partition.run().await {
            End::Stopped => return,
            End::NotOurs => return env.statuses.remove(&id),
            end => end,
        };
        // No command is to blame for a disk.
        survived = matches!(&end, End::Task(TaskError::State(StateError::Store(_))));
        tracing::error!(partition = %id, error = %end, "the partition cannot go on; it is taken over again in a moment");
        env.statuses.set(&id, Activity::Blocked(end.to_string()));
        loop {
            let mut stop = stop.clone();
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = env.clock.sleep(BACKOFF) => {}
            }
            match &end {
                // Whoever could decide nothing then need not take it from anybody before that has changed.
                End::Task(TaskError::Clock { log, .. }) if is_behind(env.clock.now(), *log) => {}
                _ => break,
            }
        }
    }
}

/// Takes replies that other instances' partitions send to this one.
fn listen(env: &Env, service: &Service, stop: watch::Receiver<bool>) {
    let topic = Topic::new(service.name(), TopicKind::Replies);
    let partition = interstate_log::partition_of(env.instance.as_bytes(), service.partition_count());
    let (env_of, mut stop) = (env.clone(), stop);
    env.spawn.spawn(Box::pin(async move {
        let env = env_of;
        while !*stop.borrow() {
            let heard = async {
                let from = env.log.end(&topic, partition).await?;
                let mut reader = env.log.read(&topic, partition, from).await?;
                loop {
                    for stored in reader.next(1_000).await?.records {
                        if let Some(reply) =
                            reply_out::decode(&stored.record).filter(|reply| reply.to == env.instance)
                        {
                            env.replies.deliver(&reply);
                        }
                    }
                }
            };
            let ended: Result<(), LogError> = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                ended = heard => ended,
            };
            if let Err(error) = ended {
                tracing::warn!(%topic, %error, "replies are read again in a moment");
            }
            env.clock.sleep(BACKOFF).await;
        }
    }));
}
