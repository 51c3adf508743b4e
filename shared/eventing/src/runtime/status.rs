//! How the partitions of this process are, for readiness, metrics and `doctor`.

use futures::future::join_all;
use interstate_log::{Log, PartitionId, Topic, TopicKind};
use interstate_schemas::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What a partition is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Taking over: fencing the owner before, or replaying.
    TakingOver,
    /// Deciding.
    Running,
    /// Ours, but it cannot decide.
    Blocked(String),
}

/// A partition's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStatus {
    /// What it is doing.
    pub activity: Activity,
    /// Commands decided since the process started.
    pub commands: u64,
    /// The last event's sequence.
    pub sequence: u64,
    /// Since when the oldest command that is not decided has been here; nothing when none waits.
    pub oldest_command: Option<Timestamp>,
    /// Records of its events that were read when it was last taken over.
    pub replayed: u64,
    /// Messages that are not known to be durable at their target.
    pub unsent: usize,
    /// Channels that stand still because a message is missing.
    pub stopped_channels: usize,
    /// Commands that could not be handled, in the service's dead letters of this partition; as of the last
    /// [`Statuses::observe`].
    pub dead_letters: u64,
}

/// The partitions that this process owns, and those that it follows.
#[derive(Debug, Clone, Default)]
pub struct Statuses {
    all: Arc<Mutex<BTreeMap<PartitionId, PartitionStatus>>>,
    followed: Arc<Mutex<BTreeMap<PartitionId, u64>>>,
}

impl Statuses {
    /// A copy of all of them.
    pub fn snapshot(&self) -> BTreeMap<PartitionId, PartitionStatus> {
        self.lock().clone()
    }

    /// Partitions of other instances, with the last event's sequence that this one has seen of each: it may take them
    /// over from there.
    pub fn followed(&self) -> BTreeMap<PartitionId, u64> {
        self.followed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Looks how many dead letters there are. Call it before figures are shown.
    pub async fn observe(&self, log: &dyn Log) {
        let ids: Vec<PartitionId> = self.lock().keys().cloned().collect();
        let ends = ids.into_iter().map(|id| async move {
            let topic = Topic::new(id.service.clone(), TopicKind::DeadLetters);
            (log.end(&topic, id.index).await, id)
        });
        for (end, id) in join_all(ends).await {
            // Where the log does not say, the last known figure stays.
            if let (Ok(end), Some(status)) = (end, self.lock().get_mut(&id)) {
                status.dead_letters = end;
            }
        }
    }

    /// Why a service is not ready; empty when it is. `expected` is how many partitions it should own.
    pub fn blocked(&self, service: &str, expected: usize) -> Vec<String> {
        let all = self.lock();
        let own: Vec<_> = all.iter().filter(|(id, _)| id.service == service).collect();
        let mut reasons: Vec<String> = own
            .iter()
            .filter_map(|(id, status)| match &status.activity {
                Activity::Running => None,
                Activity::TakingOver => Some(format!("partition {id} is being taken over")),
                Activity::Blocked(why) => Some(format!("partition {id}: {why}")),
            })
            .collect();
        if own.len() < expected {
            reasons.push(format!("{} of {expected} partitions are assigned", own.len()));
        }
        reasons
    }

    pub(crate) fn set(&self, id: &PartitionId, activity: Activity) {
        self.update(id, |status| status.activity = activity);
    }

    pub(crate) fn update(&self, id: &PartitionId, change: impl FnOnce(&mut PartitionStatus)) {
        let mut all = self.lock();
        let status = all.entry(id.clone()).or_insert_with(|| PartitionStatus {
            activity: Activity::TakingOver,
            commands: 0,
            sequence: 0,
            replayed: 0,
            oldest_command: None,
            unsent: 0,
            stopped_channels: 0,
            dead_letters: 0,
        });
        change(status);
    }

    /// It follows the partition and has seen this event, or does not follow it any more.
    pub(crate) fn follows(&self, id: &PartitionId, sequence: Option<u64>) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        match sequence {
            Some(sequence) => followed.insert(id.clone(), sequence),
            None => followed.remove(id),
        };
    }

    pub(crate) fn remove(&self, id: &PartitionId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PartitionId, PartitionStatus>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
