//! A log in virtual time that does everything that a real one may do, and nothing that it may not.

mod durable;
mod group;
mod memory;
mod partition;
mod reader;
mod story;
mod writer;

use crate::{
    here::Here,
    sim::{ProcessId, Sim, lock},
};
use async_trait::async_trait;
use group::Group;
use interstate_log::{
    Log, LogError, Membership, PartitionId, Reader, Record, Sender, Stored, Topic, TopicKind, TopicSpec,
    Writer,
    lane::{LaneReader, Lanes},
    queue::{Queue, QueueReader},
};
use partition::Partition;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Which of the two real logs it is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Like Kafka: commands are durable, batches are transactions, instances share partitions.
    Kafka,
    /// Like the embedded log: one process, commands in its memory, batches written at once.
    Embedded,
}

/// The largest record that it takes, in bytes.
pub const MAX_RECORD: usize = 1024 * 1024;

/// What all processes share.
pub struct Cluster {
    sim: Sim,
    mode: Mode,
    /// Commands that a queue in memory holds before it refuses the edge; tasks wait at twice as many.
    capacity: usize,
    topics: Mutex<BTreeMap<Topic, u32>>,
    partitions: Mutex<BTreeMap<(Topic, u32), Arc<Partition>>>,
    queues: Mutex<BTreeMap<(ProcessId, Topic, u32), Arc<Queue>>>,
    /// The ways past the brokers, by process.
    lanes: Mutex<BTreeMap<ProcessId, Lanes>>,
    groups: Mutex<BTreeMap<String, Arc<Group>>>,
    /// Takeovers by processes that do not own the partition, counted until it changes hands again.
    strangers: Mutex<BTreeMap<(PartitionId, ProcessId), u32>>,
}

impl Cluster {
    /// An empty log, whose queues in memory hold so many commands.
    pub fn new(sim: &Sim, mode: Mode, capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            sim: sim.clone(),
            mode,
            capacity,
            topics: Mutex::default(),
            partitions: Mutex::default(),
            queues: Mutex::default(),
            lanes: Mutex::default(),
            groups: Mutex::default(),
            strangers: Mutex::default(),
        })
    }

    /// The log as one process sees it.
    pub fn client(self: &Arc<Self>, process: ProcessId) -> Arc<SimLog> {
        Arc::new(SimLog {
            here: Here::new(&self.sim, process),
            cluster: self.clone(),
        })
    }

    /// What is committed in a partition from an offset on, with the time at which it was appended, and the offset
    /// behind it: for the books.
    pub fn committed(&self, topic: &Topic, index: u32, from: u64) -> (Vec<(u64, Stored)>, u64) {
        let found = lock(&self.partitions).get(&(topic.clone(), index)).cloned();
        found.map_or_else(|| (Vec::new(), from), |partition| partition.committed(from))
    }

    /// How often at most a process took a partition over that was another's.
    pub fn stubborn_strangers(&self) -> Vec<(PartitionId, ProcessId, u32)> {
        let strangers = lock(&self.strangers);
        strangers
            .iter()
            .map(|((id, process), count)| (id.clone(), *process, *count))
            .collect()
    }

    fn partition(&self, topic: &Topic, index: u32) -> Result<Arc<Partition>, LogError> {
        let counts = lock(&self.topics);
        let Some(count) = counts.get(topic) else {
            return Err(LogError::UnknownTopic {
                topic: topic.to_string(),
            });
        };
        if index >= *count {
            return Err(LogError::PartitionCount {
                topic: topic.to_string(),
                found: *count,
                wanted: index + 1,
            });
        }
        let mut partitions = lock(&self.partitions);
        Ok(partitions
            .entry((topic.clone(), index))
            .or_insert_with(|| Partition::new(&self.sim, format!("{topic}/{index}")))
            .clone())
    }

    fn queue(&self, process: ProcessId, topic: &Topic, index: u32) -> Result<Arc<Queue>, LogError> {
        self.partition(topic, index)?;
        let key = (process, topic.clone(), index);
        let mut queues = lock(&self.queues);
        let queue = || Arc::new(Queue::new(format!("{topic}/{index}"), self.capacity));
        Ok(queues.entry(key).or_insert_with(queue).clone())
    }

    fn lanes(&self, process: ProcessId) -> Lanes {
        lock(&self.lanes).entry(process).or_default().clone()
    }

    fn is_in_memory(&self, topic: &Topic) -> bool {
        self.mode == Mode::Embedded && matches!(topic.kind, TopicKind::Commands | TopicKind::Replies)
    }

    fn group(self: &Arc<Self>, service: &str) -> Result<Arc<Group>, LogError> {
        let topic = Topic::events(service.to_owned());
        let count = *lock(&self.topics)
            .get(&topic)
            .ok_or_else(|| LogError::UnknownTopic {
                topic: topic.to_string(),
            })?;
        let mut groups = lock(&self.groups);
        if let Some(group) = groups.get(service) {
            return Ok(group.clone());
        }
        let group = Group::new(&self.sim, service, count);
        groups.insert(service.to_owned(), group.clone());
        Ok(group)
    }

    /// Counts who takes over what is not theirs.
    fn took_over(&self, id: &PartitionId, process: ProcessId) {
        let owner = lock(&self.groups)
            .get(&*id.service)
            .and_then(|group| group.owner(id.index));
        let mut strangers = lock(&self.strangers);
        match owner {
            Some(owner) if owner != process => *strangers.entry((id.clone(), process)).or_default() += 1,
            _ => {}
        }
    }
}

/// The log as one process sees it.
pub struct SimLog {
    cluster: Arc<Cluster>,
    here: Here,
}

impl SimLog {
    fn check_size(record: &Record) -> Result<(), LogError> {
        let size = record.size();
        if size > MAX_RECORD {
            return Err(LogError::TooLarge {
                size,
                limit: MAX_RECORD,
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Log for SimLog {
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError> {
        self.here.pass().await;
        let mut known = lock(&self.cluster.topics);
        for spec in topics {
            let found = *known.entry(spec.topic.clone()).or_insert(spec.partitions);
            if found != spec.partitions {
                return Err(LogError::PartitionCount {
                    topic: spec.topic.to_string(),
                    found,
                    wanted: spec.partitions,
                });
            }
        }
        Ok(())
    }

    async fn take_over(&self, id: &PartitionId) -> Result<Box<dyn Writer>, LogError> {
        let topic = Topic::events(id.service.clone());
        let partition = self.cluster.partition(&topic, id.index)?;
        self.here.pass().await;
        if self.cluster.mode == Mode::Kafka {
            let millis = self.here.sim.draw(|rng| rng.between(5, 500));
            self.here
                .sim
                .sleep(std::time::Duration::from_millis(millis))
                .await;
        }
        let epoch = partition.fence();
        self.cluster.took_over(id, self.here.process);
        let (sim, process) = (&self.here.sim, self.here.process);
        sim.tell(|| format!("{} takes {id} over", sim.name(process)));
        self.here.pass().await;
        Ok(Box::new(writer::SimWriter {
            here: self.here.clone(),
            mode: self.cluster.mode,
            id: id.clone(),
            partition,
            epoch,
        }))
    }

    async fn read(&self, topic: &Topic, partition: u32, from: u64) -> Result<Box<dyn Reader>, LogError> {
        self.here.pass().await;
        if self.cluster.is_in_memory(topic) {
            let queue = self.cluster.queue(self.here.process, topic, partition)?;
            return Ok(Box::new(memory::MemoryReader {
                queue: QueueReader::new(queue),
                here: self.here.clone(),
            }));
        }
        let stored = self.cluster.partition(topic, partition)?;
        let reader = Box::new(reader::SimReader {
            here: self.here.clone(),
            partition: stored,
            next: from,
        });
        if topic.kind != TopicKind::Commands {
            return Ok(reader);
        }
        let lanes = self.cluster.lanes(self.here.process);
        let place = (topic.clone(), partition);
        Ok(Box::new(LaneReader::new(reader, lanes, place, from)))
    }

    async fn end(&self, topic: &Topic, partition: u32) -> Result<u64, LogError> {
        self.here.pass().await;
        if self.cluster.is_in_memory(topic) {
            return Ok(self.cluster.queue(self.here.process, topic, partition)?.end());
        }
        Ok(self.cluster.partition(topic, partition)?.end())
    }

    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError> {
        self.here.pass().await;
        self.cluster.partition(topic, 0)?;
        if self.cluster.is_in_memory(topic) {
            return Ok(Box::new(memory::QueueSender {
                cluster: self.cluster.clone(),
                here: self.here.clone(),
                topic: topic.clone(),
            }));
        }
        Ok(Box::new(durable::DurableSender::new(
            self.cluster.clone(),
            self.here.clone(),
            topic.clone(),
        )))
    }

    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError> {
        self.here.pass().await;
        let group = self.cluster.group(service)?;
        Ok(group.join(&self.here))
    }

    fn commands_are_durable(&self) -> bool {
        self.cluster.mode == Mode::Kafka
    }
}
