//! The log in one folder of one process, on fjall: nothing to install, kill -9 safe.
//!
//! Events are durable, one atomic write a batch; tasks hand their batches to one committer that merges what
//! waits, writes it, syncs once and wakes them. Commands are bounded queues in memory, so that a command
//! costs one sync: a message is its sender's until the receiver's batch is durable.

mod codec;
mod committer;
mod queue;
mod store;
mod tail;

use crate::{
    AppendError, Assignment, Chunk, Delivery, Lease, Log, LogError, Membership, PartitionId, Reader, Record,
    Sender, Topic, TopicKind, TopicSpec, Writer,
};
use async_trait::async_trait;
use committer::{Committer, Write};
use queue::Queue;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use store::Store;
use tail::Tail;
use tokio::sync::oneshot;

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
}

impl Options {
    /// The defaults, in this folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            queue_capacity: 10_000,
            max_record: 1 << 20,
            reserve: 32 << 20,
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
    durable: Mutex<HashMap<(Topic, u32), Arc<Partition>>>,
    queues: Mutex<HashMap<(Topic, u32), Arc<Queue>>>,
    counts: Mutex<HashMap<Topic, u32>>,
}

impl EmbeddedLog {
    /// Opens the folder, repairs what a crash left half written, and starts the committer.
    pub fn open(options: Options) -> Result<Self, LogError> {
        let store = Arc::new(Store::open(&options.dir)?);
        let committer = Committer::start(store.clone(), options.reserve)?;
        Ok(Self {
            shared: Arc::new(Shared {
                options,
                store,
                committer,
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

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Log for EmbeddedLog {
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError> {
        for TopicSpec { topic, partitions } in topics {
            if !in_memory(topic) {
                let ids = self.shared.store.topic(&topic.to_string(), *partitions)?;
                for (index, id) in ids.into_iter().enumerate() {
                    let end = self.shared.store.end(id)?;
                    lock(&self.shared.durable)
                        .entry((topic.clone(), index as u32))
                        .or_insert_with(|| {
                            Arc::new(Partition {
                                id,
                                tail: Tail::new(end),
                                epoch: AtomicU64::new(0),
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
        self.shared.committer.drain().await?;
        Ok(Box::new(EmbeddedWriter {
            committer: self.shared.committer.clone(),
            place,
            epoch,
            max_record: self.shared.options.max_record,
        }))
    }

    async fn read(&self, topic: &Topic, partition: u32, from: u64) -> Result<Box<dyn Reader>, LogError> {
        if in_memory(topic) {
            return Ok(Box::new(queue::QueueReader::new(self.queue(topic, partition)?)));
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
}

struct EmbeddedWriter {
    committer: Committer,
    place: Arc<Partition>,
    epoch: u64,
    max_record: usize,
}

#[async_trait]
impl Writer for EmbeddedWriter {
    async fn append(&mut self, batch: Vec<Record>) -> Result<u64, AppendError> {
        check_sizes(&batch, self.max_record).map_err(AppendError::Aborted)?;
        let (done, outcome) = oneshot::channel();
        let write = Write {
            place: self.place.clone(),
            epoch: Some(self.epoch),
            records: batch,
            done,
        };
        self.committer.send(write).await.map_err(AppendError::Aborted)?;
        // A committer that goes away without a word may have written: only a replay tells.
        outcome
            .await
            .unwrap_or(Err(AppendError::Unknown(LogError::Closed)))
    }
}

fn check_sizes(batch: &[Record], limit: usize) -> Result<(), LogError> {
    match batch.iter().map(Record::size).find(|size| *size > limit) {
        Some(size) => Err(LogError::TooLarge { size, limit }),
        None => Ok(()),
    }
}

struct EmbeddedReader {
    store: Arc<Store>,
    place: Arc<Partition>,
    wake: tokio::sync::watch::Receiver<u64>,
    next: u64,
}

#[async_trait]
impl Reader for EmbeddedReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        let next = self.next;
        self.wake
            .wait_for(|end| *end > next)
            .await
            .map_err(|_| LogError::Closed)?;
        self.poll(max).await
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        let end = self.place.tail.end();
        if self.next >= end {
            return Ok(Chunk {
                records: Vec::new(),
                next: self.next,
            });
        }
        let records = match self.place.tail.copy(self.next, max) {
            Some(records) => records,
            None => self
                .store
                .read(self.place.id, self.next, end.min(self.next + max as u64))?,
        };
        self.next = records.last().map_or(self.next, |last| last.offset + 1);
        Ok(Chunk {
            records,
            next: self.next,
        })
    }
}

struct EmbeddedSender {
    log: EmbeddedLog,
    topic: Topic,
    places: HashMap<u32, Arc<Queue>>,
}

impl EmbeddedSender {
    fn queue(&mut self, partition: u32) -> Result<Arc<Queue>, LogError> {
        if let Some(queue) = self.places.get(&partition) {
            return Ok(queue.clone());
        }
        let queue = self.log.queue(&self.topic, partition)?;
        self.places.insert(partition, queue.clone());
        Ok(queue)
    }

    fn check(&self, record: &Record) -> Result<(), LogError> {
        check_sizes(std::slice::from_ref(record), self.log.shared.options.max_record)
    }

    /// A durable topic without a transaction: telemetry and dead letters.
    fn write(&self, partition: u32, record: Record) -> Result<(Write, Delivery), LogError> {
        let place = self.log.durable(&self.topic, partition)?;
        let (done, outcome) = oneshot::channel();
        let (delivered, delivery) = oneshot::channel();
        tokio::spawn(async move {
            let result = match outcome.await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(AppendError::Aborted(error) | AppendError::Unknown(error))) => Err(error),
                Ok(Err(AppendError::Fenced)) | Err(_) => Err(LogError::Closed),
            };
            let _ = delivered.send(result);
        });
        Ok((
            Write {
                place,
                epoch: None,
                records: vec![record],
                done,
            },
            delivery,
        ))
    }
}

#[async_trait]
impl Sender for EmbeddedSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.check(&record)?;
        if in_memory(&self.topic) {
            return self.queue(partition)?.push(record).await;
        }
        let (write, delivery) = self.write(partition, record)?;
        self.log.shared.committer.send(write).await?;
        Ok(delivery)
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.check(&record)?;
        if in_memory(&self.topic) {
            return self.queue(partition)?.try_push(record);
        }
        let (write, delivery) = self.write(partition, record)?;
        self.log.shared.committer.try_send(write)?;
        Ok(delivery)
    }
}

/// The process that holds the folder's lock owns every partition, for as long as it lives.
struct SoleMember {
    service: String,
    next: u32,
    count: u32,
}

struct Always;

#[async_trait]
impl Lease for Always {
    async fn prove(&self) -> Result<bool, LogError> {
        Ok(true)
    }
}

#[async_trait]
impl Membership for SoleMember {
    async fn next(&mut self) -> Result<Assignment, LogError> {
        if self.next == self.count {
            return std::future::pending().await;
        }
        self.next += 1;
        Ok(Assignment::Assigned(
            PartitionId::new(self.service.clone(), self.next - 1),
            Arc::new(Always),
        ))
    }
}
