//! The figures of a running platform.

use interstate_eventing::{
    projection::Consumers,
    runtime::{Activity, Env},
};
use interstate_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// Takes the figures.
pub async fn take(
    env: &Env,
    consumers: &Consumers,
    started: std::time::Instant,
    bookings: BTreeMap<String, u64>,
    read_models: Vec<String>,
) -> Status {
    let now = env.clock.now();
    futures::join!(consumers.observe(&*env.log, now), env.statuses.observe(&*env.log));
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
    let mut merged: BTreeMap<(String, String), ConsumerFigures> = BTreeMap::new();
    for status in consumers.status() {
        let key = (status.name.to_string(), status.source.service.to_string());
        let figures = merged.entry(key.clone()).or_insert_with(|| ConsumerFigures {
            name: key.0,
            kind: status.kind.name().to_owned(),
            service: key.1,
            behind: 0,
            oldest_seconds: 0,
            parked: 0,
            error: None,
        });
        figures.behind += status.behind;
        figures.oldest_seconds = figures.oldest_seconds.max(status.age(now).as_secs());
        figures.parked += status.parked;
        if status.error.is_some() {
            figures.error = status.error;
        }
    }
    Status {
        now,
        uptime_seconds: started.elapsed().as_secs(),
        commands: partitions.iter().map(|partition| partition.commands).sum(),
        bookings,
        partitions,
        consumers: merged.into_values().collect(),
        read_models,
    }
}
