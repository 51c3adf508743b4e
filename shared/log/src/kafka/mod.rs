//! The log on Kafka, through librdkafka.
//!
//! One transactional producer writes a partition's events, and fences whoever had it before; readers are
//! assigned, never subscribed, and see committed records only; ownership comes from a consumer group that
//! reads nothing. What librdkafka blocks on runs on threads of its own, never on a worker of the runtime.

mod client;
mod convert;
mod deliveries;
mod differences;
mod errors;
mod feed;
mod lease;
mod membership;
mod options;
mod polled;
mod reader;
mod sender;
mod topics;
mod writer;

pub use differences::Difference;
pub use options::{Options, Properties, READERS, Retention};

use crate::{
    Log, LogError, Membership, PartitionId, Reader, Sender, Topic, TopicKind, TopicSpec, Writer,
    lane::{LaneReader, Lanes},
    lock,
};
use async_trait::async_trait;
use client::{Faults, blocking};
use feed::{FedReader, Feed};
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// The log on a Kafka cluster. Clones share one connection for questions about topics.
#[derive(Clone)]
pub struct KafkaLog {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    /// Asks for metadata and watermarks; reads nothing.
    asking: BaseConsumer<Faults>,
    /// Partition counts that have been seen. They never change in place.
    counts: Mutex<HashMap<String, u32>>,
    senders: sender::Pool,
    /// What is written here, for those who read here.
    feeds: Mutex<HashMap<(String, u32), Arc<Feed>>>,
    /// Commands that stay here.
    lanes: Lanes,
}

impl KafkaLog {
    /// Checks the options and prepares the client. Nothing is sent before the first operation, which says so
    /// when nothing answers.
    pub fn new(options: Options) -> Result<Self, LogError> {
        let asking = client::build(&options.asking(), Faults::default())?;
        Ok(Self {
            shared: Arc::new(Shared {
                options,
                asking,
                counts: Mutex::default(),
                senders: sender::Pool::default(),
                feeds: Mutex::default(),
                lanes: Lanes::default(),
            }),
        })
    }

    /// Where the brokers' topics differ from how this log would create them. Makes and changes nothing.
    ///
    /// # Errors
    /// Nothing answers, or the brokers refuse the question.
    pub async fn compare(&self, topics: &[TopicSpec]) -> Result<Vec<Difference>, LogError> {
        let (shared, specs) = (self.shared.clone(), topics.to_vec());
        blocking(move || differences::differences(&shared.asking, &shared.options, &specs)).await
    }

    fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The number of partitions of a topic that must be there.
    async fn count(&self, topic: &str) -> Result<u32, LogError> {
        if let Some(count) = lock(&self.shared.counts).get(topic) {
            return Ok(*count);
        }
        let (shared, name) = (self.shared.clone(), topic.to_owned());
        let found = blocking(move || topics::count(&shared.asking, &shared.options, &name)).await?;
        let count = found.ok_or_else(|| LogError::UnknownTopic {
            topic: topic.to_owned(),
        })?;
        lock(&self.shared.counts).insert(topic.to_owned(), count);
        Ok(count)
    }

    fn feed(&self, topic: &str, partition: u32) -> Arc<Feed> {
        let mut feeds = lock(&self.shared.feeds);
        feeds.entry((topic.to_owned(), partition)).or_default().clone()
    }

    /// The topic's name on the wire, once it is known to have this partition.
    async fn check(&self, topic: &Topic, partition: u32) -> Result<String, LogError> {
        let name = self.options().topic(topic);
        let found = self.count(&name).await?;
        if partition < found {
            Ok(name)
        } else {
            Err(LogError::PartitionCount {
                topic: name,
                found,
                wanted: partition + 1,
            })
        }
    }
}

#[async_trait]
impl Log for KafkaLog {
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError> {
        let (shared, specs) = (self.shared.clone(), topics.to_vec());
        let counts = blocking(move || topics::ensure(&shared.asking, &shared.options, &specs)).await?;
        lock(&self.shared.counts).extend(counts);
        Ok(())
    }

    async fn differences(&self, topics: &[TopicSpec]) -> Result<Option<Vec<String>>, LogError> {
        let differences = self.compare(topics).await?;
        Ok(Some(differences.iter().map(Difference::to_string).collect()))
    }

    async fn take_over(&self, partition: &PartitionId) -> Result<Box<dyn Writer>, LogError> {
        let events = Topic::events(partition.service.clone());
        let topic = self.check(&events, partition.index).await?;
        let feed = self.feed(&topic, partition.index);
        writer::take_over(self.options(), topic, partition, feed).await
    }

    async fn read(&self, topic: &Topic, partition: u32, from: u64) -> Result<Box<dyn Reader>, LogError> {
        let name = self.check(topic, partition).await?;
        let reader = reader::open(self.options(), name.clone(), partition, from)?;
        Ok(match topic.kind {
            TopicKind::Events => Box::new(FedReader::new(reader, self.feed(&name, partition))),
            TopicKind::Commands => {
                let (lanes, place) = (self.shared.lanes.clone(), (topic.clone(), partition));
                Box::new(LaneReader::new(Box::new(reader), lanes, place, from))
            }
            _ => Box::new(reader),
        })
    }

    async fn end(&self, topic: &Topic, partition: u32) -> Result<u64, LogError> {
        let name = self.check(topic, partition).await?;
        let feed = (topic.kind == TopicKind::Events).then(|| self.feed(&name, partition));
        let shared = self.shared.clone();
        let end = blocking(move || {
            let (_, high) = client::ask(&shared.asking, &shared.options, &name, |within| {
                let found = shared.asking.fetch_watermarks(&name, partition as i32, within);
                found.map_err(errors::not_heard_of_yet)
            })?;
            Ok(high.max(0) as u64)
        })
        .await?;
        if let Some(feed) = feed {
            feed.want(end);
        }
        Ok(end)
    }

    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError> {
        let name = self.options().topic(topic);
        let count = self.count(&name).await?;
        self.shared.senders.open(self, topic, count).await
    }

    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError> {
        let topic = self.options().topic(&Topic::commands(service.to_owned()));
        self.count(&topic).await?;
        membership::join(self.options(), service, &topic)
    }

    fn commands_are_durable(&self) -> bool {
        true
    }
}
