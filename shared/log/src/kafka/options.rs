//! How the adapter is set up, and what librdkafka is told for each kind of client.

use crate::Topic;
use rdkafka::ClientConfig;
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// Room for a batch's own header and its compression, on top of the largest record, in bytes.
const OVERHEAD: usize = 64 << 10;

/// A member hears with its next sign of life that others come or go: seldom ones would make each change slow.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The group of all readers. The client insists on one even where it only assigns, and asks who coordinates it; nothing
/// is ever committed to it.
pub const READERS: &str = "interstate-readers";

/// How long the records of a topic are kept. Events and dead letters are kept for ever.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Commands: longer than any service may be down.
    pub commands: Duration,
    /// Replies: whoever asked has gone away by then.
    pub replies: Duration,
    /// Telemetry.
    pub fixes: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        Self {
            commands: days(14),
            replies: Duration::from_secs(3600),
            fixes: days(7),
        }
    }
}

/// How the log on Kafka is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// `host:port` of some brokers, separated by commas.
    pub brokers: String,
    /// Stands before the names of topics, groups and producers, so that deployments can share a cluster.
    pub prefix: String,
    /// Copies of each partition of topics that are created; the broker's default when absent.
    pub replication: Option<u16>,
    /// How many of these copies must have a record of a topic that is created before it counts as written; the
    /// broker's default when absent.
    pub min_insync: Option<u16>,
    /// The largest record, in bytes.
    pub max_record: usize,
    /// Records that may wait in one sender before it says that it is overloaded.
    pub queue_capacity: usize,
    /// How long a question to the brokers may take before they count as unreachable.
    pub reach_timeout: Duration,
    /// How long brokers that answer may take to agree on a partition's leader, after a topic was made or a
    /// broker was lost, before the partition counts as unreachable.
    pub settle_timeout: Duration,
    /// How long a broker may take to answer one request before the request is sent again, to whoever leads by then; at
    /// most `transaction_timeout`.
    pub request_timeout: Duration,
    /// How long a takeover may wait for the old writer's transaction to be resolved.
    pub takeover_timeout: Duration,
    /// How long a batch is sent again before it is given up. Brokers that have lost one of them, the one that decides
    /// who leads perhaps, should have agreed by then: a batch that is given up costs a takeover.
    pub append_timeout: Duration,
    /// After this long the brokers abort what a dead writer left open and nobody took over; at least the time for a
    /// batch.
    pub transaction_timeout: Duration,
    /// A member that is silent for this long loses its partitions (the brokers' least is 6 s unless
    /// `group.min.session.timeout.ms` is lower). Whoever hears nothing of the group's coordinator for as long gives its
    /// own up, joins as somebody new, and waits until the session of the one that it was has ended too: it is better
    /// longer than the brokers need to replace one of them.
    pub session_timeout: Duration,
    /// How long a member that loses a partition in good order gets to stop deciding there.
    pub revoke_timeout: Duration,
    /// How long a broker may hold a fetch that finds nothing. New records end the wait.
    pub fetch_wait: Duration,
    /// Bytes that a reader may hold in advance of its caller.
    pub read_ahead: usize,
    /// How long records are kept.
    pub retention: Retention,
    /// This machine's clock, which is held against the brokers' at each batch.
    pub clock: fn() -> SystemTime,
    /// More librdkafka properties, for TLS and SASL for instance. They win over everything here.
    pub client: Properties,
}

/// Properties of librdkafka. What they say is not printed: there are passwords among them.
#[derive(Clone, Default)]
pub struct Properties(Vec<(String, String)>);

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let owned = |(name, value): (N, V)| (name.into(), value.into());
        Self(pairs.into_iter().map(owned).collect())
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is the machine's clock that is looked at"
)]
fn machine_now() -> SystemTime {
    SystemTime::now()
}

impl Options {
    /// The defaults, for these brokers.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            prefix: String::new(),
            replication: None,
            min_insync: None,
            max_record: 1 << 20,
            queue_capacity: 10_000,
            reach_timeout: Duration::from_secs(10),
            settle_timeout: Duration::from_secs(45),
            request_timeout: Duration::from_secs(5),
            takeover_timeout: Duration::from_secs(30),
            append_timeout: Duration::from_secs(12),
            transaction_timeout: Duration::from_secs(20),
            session_timeout: Duration::from_secs(8),
            revoke_timeout: Duration::from_secs(5),
            fetch_wait: Duration::from_millis(100),
            read_ahead: 4 << 20,
            retention: Retention::default(),
            clock: machine_now,
            client: Properties::default(),
        }
    }

    /// A topic's name on the wire.
    pub(super) fn topic(&self, topic: &Topic) -> String {
        format!("{}{topic}", self.prefix)
    }

    /// How long brokers that answer may take to agree, in any case not less than they may take to answer.
    pub(super) fn patience(&self) -> Duration {
        self.reach_timeout.max(self.settle_timeout)
    }

    /// The largest batch that a producer sends and a topic takes, in bytes.
    pub(super) fn max_batch(&self) -> usize {
        self.max_record + OVERHEAD
    }

    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", format!("{}interstate", self.prefix))
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true")
            .set("socket.timeout.ms", millis(self.request_timeout))
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            // A wait of 100 ms, the default, stands between any two transactions in a row.
            .set("retry.backoff.ms", "5")
            .set("retry.backoff.max.ms", "50");
        config
    }

    fn finish(&self, mut config: ClientConfig) -> ClientConfig {
        for (name, value) in &self.client.0 {
            config.set(name, value);
        }
        config
    }

    fn consumer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A position that the log no longer has is an error, never a silent jump.
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            .set("fetch.wait.max.ms", millis(self.fetch_wait))
            // A partition whose queue was full is fetched again after this long; the default is 1 s.
            .set("fetch.queue.backoff.ms", "10");
        config
    }

    /// Metadata and watermarks. Read uncommitted: the end of a partition counts open transactions.
    pub(super) fn asking(&self) -> ClientConfig {
        let mut config = self.consumer();
        config.set("isolation.level", "read_uncommitted");
        self.finish(config)
    }

    /// One partition, committed records.
    pub(super) fn reader(&self) -> ClientConfig {
        let mut config = self.consumer();
        config
            .set("group.id", format!("{}{READERS}", self.prefix))
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .set("queued.min.messages", "100000")
            .set(
                "queued.max.messages.kbytes",
                (self.read_ahead >> 10).max(64).to_string(),
            )
            .set("fetch.message.max.bytes", self.max_batch().to_string());
        self.finish(config)
    }

    /// The group of a service's instances.
    pub(super) fn group(&self, service: &str) -> String {
        format!("{}{service}", self.prefix)
    }

    /// A member of a service's group. It owns partitions and reads nothing.
    pub(super) fn member(&self, service: &str, name: &str) -> ClientConfig {
        let mut config = self.consumer();
        config
            .set("client.id", format!("{}interstate-{name}", self.prefix))
            .set("group.id", self.group(service))
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", millis(self.session_timeout))
            .set(
                "heartbeat.interval.ms",
                millis((self.session_timeout / 6).min(HEARTBEAT)),
            )
            .set("queued.min.messages", "1")
            .set("queued.max.messages.kbytes", "1");
        self.finish(config)
    }

    fn producer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "0")
            .set("message.max.bytes", self.max_batch().to_string());
        config
    }

    /// The one writer of a partition.
    pub(super) fn writer(&self, service: &str, partition: u32) -> ClientConfig {
        let mut config = self.producer();
        config
            .set(
                "transactional.id",
                format!("{}{service}-{partition}", self.prefix),
            )
            .set("transaction.timeout.ms", millis(self.transaction_timeout))
            .set("message.timeout.ms", millis(self.append_timeout))
            .set("queue.buffering.max.messages", "500000");
        self.finish(config)
    }

    /// A plain sender. Without the last two librdkafka gives one record up and goes on with the next.
    pub(super) fn sender(&self) -> ClientConfig {
        let mut config = self.producer();
        config
            .set("queue.buffering.max.messages", self.queue_capacity.to_string())
            .set("message.timeout.ms", "0")
            .set("enable.gapless.guarantee", "true");
        self.finish(config)
    }
}

fn millis(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}
