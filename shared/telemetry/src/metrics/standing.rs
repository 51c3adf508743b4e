//! Where partitions and consumers stand at a moment: figures that are looked up when somebody asks, not counted.

use super::Label;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use std::sync::atomic::AtomicU64;

/// What each partition is doing: 1 for its state, 0 for the others.
pub const PARTITION_STATE: &str = "partition_state";
/// Messages that are not known to be durable at their target.
pub const PARTITION_UNSENT_MESSAGES: &str = "partition_unsent_messages";
/// Channels that stand still because a message is missing.
pub const PARTITION_STOPPED_CHANNELS: &str = "partition_stopped_channels";
/// Commands that could not be handled and wait for a person.
pub const PARTITION_DEAD_LETTERS: &str = "partition_dead_letters";
/// Log-time seconds that the oldest undecided command has waited.
pub const PARTITION_OLDEST_COMMAND_SECONDS: &str = "partition_oldest_command_seconds";
/// Records between a consumer and the end of its partitions.
pub const CONSUMER_LAG_EVENTS: &str = "consumer_lag_events";
/// Age in log-time seconds of the oldest event that a consumer has not handled; 0 when it has caught up.
pub const CONSUMER_OLDEST_UNHANDLED_SECONDS: &str = "consumer_oldest_unhandled_seconds";
/// Events that a consumer has put aside because they fail.
pub const CONSUMER_PARKED_EVENTS: &str = "consumer_parked_events";
/// 1 while a consumer does not go on and tries again.
pub const CONSUMER_FAILING: &str = "consumer_failing";

/// What a partition is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionState {
    /// It decides.
    Running,
    /// It is being taken over.
    TakingOver,
    /// It is ours and cannot decide.
    Blocked,
}

impl PartitionState {
    const ALL: [(Self, &str); 3] = [
        (Self::Running, "running"),
        (Self::TakingOver, "taking-over"),
        (Self::Blocked, "blocked"),
    ];
}

/// One partition of this process.
#[derive(Debug, Clone)]
pub struct PartitionStanding {
    /// Its service.
    pub service: String,
    /// Which of them.
    pub partition: u32,
    /// What it does.
    pub state: PartitionState,
    /// Messages that are not known to have arrived.
    pub unsent: u64,
    /// Channels that stand still.
    pub stopped_channels: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Seconds of log time that the oldest command waits.
    pub oldest_seconds: f64,
}

/// One consumer, over the partitions that it follows.
#[derive(Debug, Clone)]
pub struct ConsumerStanding {
    /// Whose events it follows.
    pub service: String,
    /// `projection`, `reactor` or `effect`.
    pub kind: &'static str,
    /// Its name.
    pub consumer: String,
    /// Records that it is behind.
    pub lag: u64,
    /// Seconds of log time since the oldest event that it has not handled.
    pub oldest_seconds: f64,
    /// Events put aside.
    pub parked: u64,
    /// Whether it stands still because of an error.
    pub failing: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartitionLabels {
    service: Label,
    partition: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    service: Label,
    partition: u32,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConsumerLabels {
    service: Label,
    kind: &'static str,
    consumer: Label,
}

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Debug, Default)]
pub(super) struct Standings {
    state: Family<StateLabels, Gauge>,
    unsent: Family<PartitionLabels, Gauge>,
    stopped: Family<PartitionLabels, Gauge>,
    dead: Family<PartitionLabels, Gauge>,
    oldest_command: Family<PartitionLabels, Seconds>,
    lag: Family<ConsumerLabels, Gauge>,
    oldest: Family<ConsumerLabels, Seconds>,
    parked: Family<ConsumerLabels, Gauge>,
    failing: Family<ConsumerLabels, Gauge>,
}

impl Standings {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(PARTITION_STATE, "What the partition does", self.state.clone());
        registry.register(
            PARTITION_UNSENT_MESSAGES,
            "Messages not known to have arrived",
            self.unsent.clone(),
        );
        registry.register(
            PARTITION_STOPPED_CHANNELS,
            "Channels that stand still for a missing message",
            self.stopped.clone(),
        );
        registry.register(
            PARTITION_DEAD_LETTERS,
            "Commands that could not be handled",
            self.dead.clone(),
        );
        registry.register(
            PARTITION_OLDEST_COMMAND_SECONDS,
            "Wait of the oldest undecided command",
            self.oldest_command.clone(),
        );
        registry.register(CONSUMER_LAG_EVENTS, "Records not handled yet", self.lag.clone());
        registry.register(
            CONSUMER_OLDEST_UNHANDLED_SECONDS,
            "Age of the oldest event not handled yet",
            self.oldest.clone(),
        );
        registry.register(CONSUMER_PARKED_EVENTS, "Events put aside", self.parked.clone());
        registry.register(
            CONSUMER_FAILING,
            "Whether it stands still and tries again",
            self.failing.clone(),
        );
    }

    /// These and no others: a partition that moved to another process is not shown as it was.
    pub(super) fn replace(&self, partitions: &[PartitionStanding], consumers: &[ConsumerStanding]) {
        self.state.clear();
        for family in [&self.unsent, &self.stopped, &self.dead] {
            family.clear();
        }
        self.oldest_command.clear();
        for family in [&self.lag, &self.parked, &self.failing] {
            family.clear();
        }
        self.oldest.clear();
        partitions.iter().for_each(|partition| self.partition(partition));
        consumers.iter().for_each(|consumer| self.consumer(consumer));
    }

    fn partition(&self, standing: &PartitionStanding) {
        let service: Label = standing.service.as_str().into();
        for (state, name) in PartitionState::ALL {
            let labels = StateLabels {
                service: service.clone(),
                partition: standing.partition,
                state: name,
            };
            let is = i64::from(state == standing.state);
            self.state.get_or_create(&labels).set(is);
        }
        let labels = PartitionLabels {
            service,
            partition: standing.partition,
        };
        self.unsent.get_or_create(&labels).set(whole(standing.unsent));
        self.stopped
            .get_or_create(&labels)
            .set(whole(standing.stopped_channels));
        self.dead.get_or_create(&labels).set(whole(standing.dead_letters));
        self.oldest_command
            .get_or_create(&labels)
            .set(standing.oldest_seconds);
    }

    fn consumer(&self, standing: &ConsumerStanding) {
        let labels = ConsumerLabels {
            service: standing.service.as_str().into(),
            kind: standing.kind,
            consumer: standing.consumer.as_str().into(),
        };
        self.lag.get_or_create(&labels).set(whole(standing.lag));
        self.oldest.get_or_create(&labels).set(standing.oldest_seconds);
        self.parked.get_or_create(&labels).set(whole(standing.parked));
        self.failing
            .get_or_create(&labels)
            .set(i64::from(standing.failing));
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
