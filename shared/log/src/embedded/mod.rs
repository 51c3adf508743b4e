//! The log in one folder of one process, on fjall: nothing to install, kill -9 safe.
//!
//! Events are durable, one atomic write a batch; tasks hand their batches to one committer that merges what
//! waits, writes it, syncs once and wakes them. Commands are bounded queues in memory, so that a command
//! costs one sync: a message is its sender's until the receiver's batch is durable.

mod committer;
mod marks;
mod member;
mod reader;
mod room;
mod sender;
mod store;
mod writer;

use crate::{
    Log, LogError, Membership, PartitionId, Reader, Record, Sender, Topic, TopicKind, TopicSpec, Writer,
    lock,
    queue::{Queue, QueueReader},
    tail::Tail,
};
use async_trait::async_trait;
use committer::Committer;
use member::SoleMember;
use reader::EmbeddedReader;
use room::Room;
use sender::EmbeddedSender;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use store::Store;
use tokio::sync::watch;
use writer::EmbeddedWriter;

/// How the embedded log is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its folder; made when it is missing.
    pub dir: PathBuf,
    /// Commands that may wait in one partition's queue before the edge is told to try later.
    pub queue_capacity: usize,
    /// The largest record, in bytes.
    pub max_record: usize,
    /// Writing stops while less than this many bytes are free on the disk.
    pub reserve: u64,
    /// How long telemetry is kept, in whole seconds; everything else stays for ever. A topic keeps what it was made with.
    pub fixes: Duration,
}

impl Options {
    /// The defaults, in this folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            queue_capacity: 10_000,
            max_record: 1 << 20,
            reserve: 32 << 20,
            fixes: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// One partition of a durable topic, as it stands in memory.
pub(crate) struct Partition {
    /// Prefix of its keys in the store.
    pub(crate) id: u32,
    /// Its end, its newest records, and who waits for more.
    pub(crate) tail: Tail,
    /// Grows with every takeover; a writer of an older epoch is fenced.
    pub(crate) epoch: AtomicU64,
    /// Set by a write that failed: what the files hold has to be looked at before anything else.
    pub(crate) stale: AtomicBool,
}

/// The embedded log. Clones share one.
#[derive(Clone)]
pub struct EmbeddedLog {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    store: Arc<Store>,
    committer: Committer,
    room: Arc<Room>,
    durable: Mutex<HashMap<(Topic, u32), Arc<Partition>>>,
    queues: Mutex<HashMap<(Topic, u32), Arc<Queue>>>,
    counts: Mutex<HashMap<Topic, u32>>,
}

/// How many bytes are free on the disk where this folder is or would be made.
///
/// # Errors
/// Fewer than `reserve`, or the disk does not say.
pub fn room(dir: &Path, reserve: u64) -> Result<u64, LogError> {
    Room::look(dir, reserve)
}

impl EmbeddedLog {
    /// Whether the folder could be opened now, as far as that can be told without a change: nobody else has it, and
    /// its disk has room. Returns how many bytes are free.
    ///
    /// # Errors
    /// What [`EmbeddedLog::open`] or the first write would say.
    pub fn look(options: &Options) -> Result<u64, LogError> {
        Store::look(&options.dir)?;
        room(&options.dir, options.reserve)
    }

    /// Opens the folder, repairs what a crash left half written, and starts the committer.
    pub fn open(options: Options) -> Result<Self, LogError> {
        let store = Arc::new(Store::open(&options.dir)?);
        let room = Arc::new(Room::new(&options.dir, options.reserve));
        let committer = Committer::start(store.clone(), room.clone())?;
        Ok(Self {
            shared: Arc::new(Shared {
                options,
                store,
                committer,
                room,
                durable: Mutex::default(),
                queues: Mutex::default(),
                counts: Mutex::default(),
            }),
        })
    }

    fn check(&self, topic: &Topic, partition: u32) -> Result<(), LogError> {
        let count = lock(&self.shared.counts).get(topic).copied();
        match count {
            Some(count) if partition < count => Ok(()),
            Some(count) => Err(LogError::PartitionCount {
                topic: topic.to_string(),
                found: count,
                wanted: partition + 1,
            }),
            None => Err(LogError::UnknownTopic {
                topic: topic.to_string(),
            }),
        }
    }

    fn durable(&self, topic: &Topic, partition: u32) -> Result<Arc<Partition>, LogError> {
        self.check(topic, partition)?;
        lock(&self.shared.durable)
            .get(&(topic.clone(), partition))
            .cloned()
            .ok_or_else(|| LogError::UnknownTopic {
                topic: topic.to_string(),
            })
    }

    fn queue(&self, topic: &Topic, partition: u32) -> Result<Arc<Queue>, LogError> {
        self.check(topic, partition)?;
        let mut queues = lock(&self.shared.queues);
        let queue = queues.entry((topic.clone(), partition)).or_insert_with(|| {
            Arc::new(Queue::new(
                format!("{topic}/{partition}"),
                self.shared.options.queue_capacity,
            ))
        });
        Ok(queue.clone())
    }
}

/// Topics that live in memory: their content is derived or held by its sender until it is handled.
fn in_memory(topic: &Topic) -> bool {
    matches!(topic.kind, TopicKind::Commands | TopicKind::Replies)
}

#[async_trait]
impl Log for EmbeddedLog {
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError> {
        for TopicSpec { topic, partitions } in topics {
            if !in_memory(topic) {
                let kept = (topic.kind == TopicKind::Fixes).then_some(self.shared.options.fixes);
                let ids = self.shared.store.topic(&topic.to_string(), *partitions, kept)?;
                for (index, id) in ids.into_iter().enumerate() {
                    let end = self.shared.store.end(id)?;
                    lock(&self.shared.durable)
                        .entry((topic.clone(), index as u32))
                        .or_insert_with(|| {
                            Arc::new(Partition {
                                id,
                                tail: Tail::new(end),
                                epoch: AtomicU64::new(0),
                                stale: AtomicBool::new(false),
                            })
                        });
                }
            }
            lock(&self.shared.counts).insert(topic.clone(), *partitions);
        }
        Ok(())
    }

    async fn take_over(&self, partition: &PartitionId) -> Result<Box<dyn Writer>, LogError> {
        let place = self.durable(&Topic::events(partition.service.clone()), partition.index)?;
        let epoch = place.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        // What the fenced writer handed over before is either written or refused once this has passed.
        // A failed write is looked into there as well.
        self.shared.committer.settle(place.clone()).await?;
        Ok(Box::new(EmbeddedWriter {
            committer: self.shared.committer.clone(),
            place,
            epoch,
            max_record: self.shared.options.max_record,
        }))
    }

    async fn read(&self, topic: &Topic, partition: u32, from: u64) -> Result<Box<dyn Reader>, LogError> {
        if in_memory(topic) {
            return Ok(Box::new(QueueReader::new(self.queue(topic, partition)?)));
        }
        let place = self.durable(topic, partition)?;
        Ok(Box::new(EmbeddedReader {
            wake: place.tail.subscribe(),
            place,
            store: self.shared.store.clone(),
            next: from,
        }))
    }

    async fn end(&self, topic: &Topic, partition: u32) -> Result<u64, LogError> {
        if in_memory(topic) {
            Ok(self.queue(topic, partition)?.end())
        } else {
            Ok(self.durable(topic, partition)?.tail.end())
        }
    }

    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError> {
        if !lock(&self.shared.counts).contains_key(topic) {
            return Err(LogError::UnknownTopic {
                topic: topic.to_string(),
            });
        }
        Ok(Box::new(EmbeddedSender {
            log: self.clone(),
            topic: topic.clone(),
            places: HashMap::new(),
        }))
    }

    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError> {
        let topic = Topic::events(service.to_owned());
        let count = *lock(&self.shared.counts)
            .get(&topic)
            .ok_or_else(|| LogError::UnknownTopic {
                topic: topic.to_string(),
            })?;
        Ok(Box::new(SoleMember {
            service: service.to_owned(),
            next: 0,
            count,
        }))
    }

    fn commands_are_durable(&self) -> bool {
        false
    }

    fn shortage(&self) -> Option<watch::Receiver<bool>> {
        Some(self.shared.room.shortage())
    }
}

fn check_sizes(batch: &[Record], limit: usize) -> Result<(), LogError> {
    match batch.iter().map(Record::size).find(|size| *size > limit) {
        Some(size) => Err(LogError::TooLarge { size, limit }),
        None => Ok(()),
    }
}
