//! The port: what Interstate asks of a log. Three adapters stand behind it, and one suite runs on all.

use crate::record::{PartitionId, Record, Stored, Topic};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// Why the log did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// Nothing answered within the bound.
    #[error("the log at {at} cannot be reached: {why}; check the address and that the broker runs")]
    Unreachable {
        /// The address or folder.
        at: String,
        /// What the client library said.
        why: String,
    },
    /// The topic does not exist.
    #[error("topic `{topic}` does not exist; create the topics first")]
    UnknownTopic {
        /// Its name.
        topic: String,
    },
    /// The topic has another number of partitions than the configuration says.
    #[error(
        "topic `{topic}` has {found} partitions and the configuration says {wanted}; the number never changes in place"
    )]
    PartitionCount {
        /// Its name.
        topic: String,
        /// What stands in the log.
        found: u32,
        /// What was asked for.
        wanted: u32,
    },
    /// A record above the limit.
    #[error("a record of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The most that the log takes.
        limit: usize,
    },
    /// The stored bytes are not what was written.
    #[error("the log is damaged at {at}: {why}; restore that partition from a copy")]
    Damaged {
        /// File, partition or offset.
        at: String,
        /// What was found.
        why: String,
    },
    /// No room is left. Nothing was written; try again when there is.
    #[error("no room is left on the disk of the log: {0}")]
    Full(String),
    /// This machine's clock is far ahead of the log's. Nothing was written.
    #[error(
        "this machine's clock is {seconds} s ahead of the brokers': set it right (or theirs), nothing is written by it \
         until then"
    )]
    ClockAhead {
        /// By how much.
        seconds: u64,
    },
    /// A bounded queue is full: try later.
    #[error("the queue of {0} is full")]
    Overloaded(String),
    /// Another process has the log or the partition.
    #[error("{0} is in use by another process")]
    InUse(String),
    /// The operation stopped because the log is closing.
    #[error("the log is closed")]
    Closed,
    /// Everything else, in the adapter's words.
    #[error("the log failed: {0}")]
    Other(String),
}

/// What became of a batch that was not acknowledged. The difference decides what the writer may do next.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Certainly not in the log. The same writer may go on.
    #[error("the batch was not written: {0}")]
    Aborted(LogError),
    /// Perhaps in the log, perhaps not: only a new takeover and a replay tell.
    #[error("the outcome of the batch is unknown: {0}")]
    Unknown(LogError),
    /// Another writer has taken over. Prove ownership before you take it back.
    #[error("another writer has taken the partition over")]
    Fenced,
}

/// Records read at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// In order; may be empty when only the position moved.
    pub records: Vec<Stored>,
    /// Where reading goes on: everything committed below it has been returned.
    pub next: u64,
}

/// A topic with the number of partitions that it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Which.
    pub topic: Topic,
    /// At least 1.
    pub partitions: u32,
}

/// Resolves when the record is durable at its target, or when it certainly will not be by this sender.
pub type Delivery = oneshot::Receiver<Result<(), LogError>>;

/// The log.
#[async_trait]
pub trait Log: Send + Sync + 'static {
    /// Creates what is missing and checks the partition counts of what is there.
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError>;

    /// Where topics differ from how this log would create them, or could lose what it acknowledges: a sentence each.
    /// Nothing where a log has one way only to keep its topics.
    async fn differences(&self, _topics: &[TopicSpec]) -> Result<Option<Vec<String>>, LogError> {
        Ok(None)
    }

    /// Fences every earlier writer of `S.events[p]`, resolves what it left open, and opens a new one.
    async fn take_over(&self, partition: &PartitionId) -> Result<Box<dyn Writer>, LogError>;

    /// Reads committed records of one partition from an offset (0 is the beginning; of a queue that is not
    /// durable it is "from now on").
    async fn read(&self, topic: &Topic, partition: u32, from: u64) -> Result<Box<dyn Reader>, LogError>;

    /// The offset after the last record that anybody may yet see there, open transactions included.
    async fn end(&self, topic: &Topic, partition: u32) -> Result<u64, LogError>;

    /// A plain producer into one topic: gapless per partition, no transaction.
    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError>;

    /// Joins the instances that share a service's partitions.
    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError>;

    /// Whether commands outlive the process that queued them.
    fn commands_are_durable(&self) -> bool;

    /// True while the log takes nothing for want of room; nothing where a log does not know. It goes on by itself.
    fn shortage(&self) -> Option<watch::Receiver<bool>> {
        None
    }
}

/// The one writer of a partition's events.
#[async_trait]
pub trait Writer: Send {
    /// Appends all records or none, and returns once they are durable.
    ///
    /// Returns the offset after the last of them (a lower bound where the log does not tell).
    async fn append(&mut self, batch: Vec<Record>) -> Result<u64, AppendError>;
}

/// Reads one partition. Futures may be dropped: nothing is lost.
#[async_trait]
pub trait Reader: Send {
    /// Waits for something to return: at most `max` records, or none where only the position moved.
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError>;

    /// Like [`Reader::next`], but returns an empty chunk when everything committed has been read, as far as the
    /// log has shown it to this reader: what was committed a moment ago may come with a later call. To read up
    /// to an [`Log::end`], wait with `next` while the position is below it.
    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError>;

    /// Says that the next `count` of the records that were returned have been handled durably. A queue that is not
    /// durable tells its senders now; a durable one has told them already.
    fn handled(&mut self, _count: usize) {}

    /// Of the reader whose task decides for the partition: senders of this process may hand commands over from now
    /// on without a detour through the log, as long as this reader lives. Such a record has the offset of the one
    /// before it in the topic, and is delivered when it has been handled. [`Reader::poll`] returns `max / 2` of them at
    /// least, if so many have come.
    fn take_directly(&mut self) {}
}

/// Sends records to the partitions of one topic.
#[async_trait]
pub trait Sender: Send {
    /// Queues a record; waits while the queue is full. Records of one sender to one partition arrive in the
    /// order of these calls and without a gap: after one failed [`Delivery`] all later ones fail too, and
    /// this sender must be replaced.
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError>;

    /// The same, but a full queue is [`LogError::Overloaded`] and a full disk [`LogError::Full`] at once, and what is
    /// sent in this way keeps no order with what [`Sender::send`] sends.
    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError>;
}

/// A change of what this instance owns.
pub enum Assignment {
    /// Ours now, as long as the lease says so.
    Assigned(PartitionId, Arc<dyn Lease>),
    /// No longer ours: stop deciding, then drop the acknowledgement.
    Revoked(PartitionId, oneshot::Sender<()>),
}

/// Membership in the group of instances of a service. Dropping it leaves the group, some time later.
#[async_trait]
pub trait Membership: Send {
    /// Waits for the next change.
    async fn next(&mut self) -> Result<Assignment, LogError>;

    /// Leaves the group, and returns when the others know it, or cannot be told within seconds. A process that ends
    /// before is waited for by them as if it had died.
    async fn leave(self: Box<Self>) {
        drop(self);
    }
}

/// Ownership of one partition in one generation of the group.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Whether it still holds, asked of the log itself, never of memory.
    async fn prove(&self) -> Result<bool, LogError>;
}
