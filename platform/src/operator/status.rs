//! The figures of a running platform.

use super::{DeadLetter, ParkedEvent};
use interstate_eventing::{
    projection::{ConsumerKind, ConsumerStatus, Consumers},
    runtime::{Activity, Env},
};
use interstate_jobs::{Link, Standing};
use interstate_schemas::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, time::Duration};

/// A moment of a platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Log time.
    pub now: Timestamp,
    /// Seconds since the process started.
    pub uptime_seconds: u64,
    /// Commands decided since then.
    pub commands: u64,
    /// Bookings in each state.
    pub bookings: BTreeMap<String, u64>,
    /// The partitions of this process.
    pub partitions: Vec<PartitionFigures>,
    /// Everything that follows the log.
    pub consumers: Vec<ConsumerFigures>,
    /// The read models that can be rebuilt.
    pub read_models: Vec<String>,
    /// Events that read models have put aside, and why: a few of each.
    #[serde(default)]
    pub parked: Vec<ParkedEvent>,
    /// Commands that could not be handled, and why: the last few of each partition.
    #[serde(default)]
    pub dead_letters: Vec<DeadLetter>,
    /// The queues of jobs that processes share.
    #[serde(default)]
    pub queues: Vec<QueueFigures>,
}

/// One queue of jobs, as this process sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueFigures {
    /// Its name.
    pub queue: String,
    /// Whose jobs they are.
    pub service: String,
    /// Why it is not reached.
    pub away: Option<String>,
    /// Jobs that wait for a worker.
    pub waiting: u64,
    /// Jobs that wait for their time.
    pub delayed: u64,
    /// Jobs that were put aside.
    pub dead: u64,
    /// Why this process has put jobs aside: the last few.
    pub why_dead: Vec<String>,
}

impl QueueFigures {
    /// Of a service's queue.
    pub fn of(service: &str, standing: Standing) -> Self {
        Self {
            queue: standing.queue,
            service: service.to_owned(),
            away: match standing.link {
                Link::Up => None,
                Link::Trying(why) | Link::Away(why) => Some(why),
            },
            waiting: standing.waiting,
            delayed: standing.delayed,
            dead: standing.dead,
            why_dead: standing.why_dead,
        }
    }
}

/// One partition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartitionFigures {
    /// `booking/0`.
    pub partition: String,
    /// `running`, or why not.
    pub activity: String,
    /// The last event's sequence.
    pub sequence: u64,
    /// Commands decided by this process.
    pub commands: u64,
    /// Messages that are not known to have arrived.
    pub unsent: usize,
    /// Channels that stand still because a message is missing.
    pub stopped_channels: usize,
    /// Commands that could not be handled and wait for a person.
    pub dead_letters: u64,
    /// Seconds of log time that the oldest command has waited.
    pub oldest_seconds: i64,
}

/// One consumer, over the partitions that it follows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConsumerFigures {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Whose events it follows.
    pub service: String,
    /// Records that it is behind.
    pub behind: u64,
    /// Seconds of log time since the oldest event that it has not handled.
    pub oldest_seconds: i64,
    /// Events that it has put aside.
    pub parked: u64,
    /// Why it does not go on.
    pub error: Option<String>,
}

/// How one consumer stands, over the partitions that it follows.
pub struct Following {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it is.
    pub kind: ConsumerKind,
    /// Whose events it follows.
    pub service: Cow<'static, str>,
    /// Records that it is behind, in all.
    pub behind: u64,
    /// The age of the oldest event that it has not handled, in log time.
    pub oldest: SignedDuration,
    /// Events that it has put aside, in all.
    pub parked: u64,
    /// Why it does not go on, in the last of the partitions where it does not.
    pub error: Option<String>,
}

/// Brings the partitions of each consumer together, in the order of the consumers' names.
pub fn following(statuses: Vec<ConsumerStatus>, now: Timestamp) -> Vec<Following> {
    let mut merged: BTreeMap<_, Following> = BTreeMap::new();
    for status in statuses {
        let oldest = status.age(now);
        let (name, service) = (status.name, status.source.service);
        let key = (name.clone(), service.clone(), status.kind.name());
        let following = merged.entry(key).or_insert_with(|| Following {
            name,
            kind: status.kind,
            service,
            behind: 0,
            oldest: SignedDuration::ZERO,
            parked: 0,
            error: None,
        });
        following.behind += status.behind;
        following.oldest = following.oldest.max(oldest);
        following.parked += status.parked;
        following.error = status.error.or(following.error.take());
    }
    merged.into_values().collect()
}

/// Longer than a log takes that is well; then the last known figures are shown.
const OBSERVED_WITHIN: Duration = Duration::from_secs(5);

/// Takes the figures; what is put aside, and why, is not among them.
pub async fn take(
    env: &Env,
    consumers: &Consumers,
    started: std::time::Instant,
    bookings: BTreeMap<String, u64>,
    read_models: Vec<String>,
) -> Status {
    let now = env.clock.now();
    let observed =
        async { futures::join!(consumers.observe(&*env.log, now), env.statuses.observe(&*env.log)) };
    if tokio::time::timeout(OBSERVED_WITHIN, observed).await.is_err() {
        tracing::warn!(within = ?OBSERVED_WITHIN, "the log did not say where its partitions end; the figures are older");
    }
    let partitions: Vec<PartitionFigures> = env
        .statuses
        .snapshot()
        .into_iter()
        .map(|(id, status)| PartitionFigures {
            partition: id.to_string(),
            activity: match status.activity {
                Activity::Running => "running".to_owned(),
                Activity::TakingOver => "taking over".to_owned(),
                Activity::Blocked(why) => why,
            },
            sequence: status.sequence,
            commands: status.commands,
            unsent: status.unsent,
            stopped_channels: status.stopped_channels,
            dead_letters: status.dead_letters,
            oldest_seconds: status
                .oldest_command
                .map_or(0, |since| now.duration_since(since).as_secs()),
        })
        .collect();
    let consumers = following(consumers.status(), now)
        .into_iter()
        .map(|following| ConsumerFigures {
            name: following.name.into_owned(),
            kind: following.kind.name().to_owned(),
            service: following.service.into_owned(),
            behind: following.behind,
            oldest_seconds: following.oldest.as_secs(),
            parked: following.parked,
            error: following.error,
        })
        .collect();
    Status {
        now,
        uptime_seconds: started.elapsed().as_secs(),
        commands: partitions.iter().map(|partition| partition.commands).sum(),
        bookings,
        partitions,
        consumers,
        read_models,
        parked: Vec::new(),
        dead_letters: Vec::new(),
        queues: Vec::new(),
    }
}
