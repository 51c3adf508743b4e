//! Sending without a transaction: idempotent, and without a gap in any partition.

use super::{KafkaLog, Options, client::blocking, convert, polled::Polled};
use crate::{
    Delivery, Log as _, LogError, Record, Sender, Topic, TopicKind,
    lane::{Behind, Way, Ways},
    lock,
};
use async_trait::async_trait;
use rdkafka::{
    ClientContext, Message,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::{DeliveryResult, Producer, ProducerContext},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify, oneshot};

/// A full queue is looked at again after this long, should the wake-up be missed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The producers of this process, one a topic: a client has threads and connections of its own, and a process
/// has a forwarder for each pair of a partition and a topic.
#[derive(Default)]
pub(super) struct Pool {
    topics: std::sync::Mutex<HashMap<String, Arc<Mutex<Weak<Shared>>>>>,
}

impl Pool {
    /// A sender into one topic. Its producer is connected when this returns, so that the first record does not
    /// wait. One that has failed is replaced for whoever asks next.
    pub(super) async fn open(
        &self,
        log: &KafkaLog,
        to: &Topic,
        partitions: u32,
    ) -> Result<Box<dyn Sender>, LogError> {
        let topic = log.options().topic(to);
        let slot = lock(&self.topics).entry(topic.clone()).or_default().clone();
        // Others who want the same topic wait for the same answer.
        let mut known = slot.lock().await;
        let shared = match known.upgrade().filter(|shared| !shared.state.has_failed()) {
            Some(shared) => shared,
            None => {
                let shared = Arc::new(connect(log.options(), topic, partitions).await?);
                *known = Arc::downgrade(&shared);
                shared
            }
        };
        let ways = || Ways::new(log.shared.lanes.clone(), to.clone());
        Ok(Box::new(KafkaSender {
            shared,
            log: log.clone(),
            to: to.clone(),
            ways: (to.kind == TopicKind::Commands).then(ways),
        }))
    }
}

async fn connect(options: &Options, topic: String, partitions: u32) -> Result<Shared, LogError> {
    let state = Arc::new(State::default());
    let (config, reach, name) = (options.sender(), options.reach_timeout, topic.clone());
    let context = Deliveries { state: state.clone() };
    let producer = blocking(move || {
        let producer = Polled::start(&config, context)?;
        // The answer does not matter: the topic has been checked, and this only opens the connection.
        let _ = producer.client().fetch_metadata(Some(&name), reach);
        Ok(producer)
    })
    .await?;
    Ok(Shared {
        producer,
        state,
        topic,
        partitions,
        limit: options.max_record,
    })
}

#[derive(Default)]
struct State {
    /// Set by the first record that was not delivered; every later one has failed too.
    failed: AtomicBool,
    room: Notify,
}

impl State {
    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }
}

struct Deliveries {
    state: Arc<State>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        tracing::debug!(?level, fac, message, "kafka sender");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka sender");
    }
}

/// Who hears of a record.
pub(super) struct Waiting {
    done: oneshot::Sender<Result<(), LogError>>,
    behind: Option<Arc<Behind>>,
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Self::DeliveryOpaque) {
        if let (Ok(message), Some(behind)) = (result, &waiting.behind) {
            behind.arrived(u64::try_from(message.offset()).ok());
        }
        let outcome = match result {
            // Delivered, but behind a gap: whoever sends again must start before the gap.
            Ok(_) if self.state.has_failed() => Err(LogError::Closed),
            Ok(_) => Ok(()),
            Err((error, _)) => {
                self.state.failed.store(true, Ordering::SeqCst);
                Err(LogError::Other(error.to_string()))
            }
        };
        let _ = waiting.done.send(outcome);
        self.state.room.notify_waiters();
    }
}

struct KafkaSender {
    shared: Arc<Shared>,
    log: KafkaLog,
    to: Topic,
    /// Past the broker, where the topic has such ways.
    ways: Option<Ways>,
}

impl KafkaSender {
    /// Where the next record goes that keeps its order; nothing is the topic, without anybody who hears of it.
    async fn way(&mut self, partition: u32) -> Result<Option<Way>, LogError> {
        let (log, to) = (&self.log, &self.to);
        match &mut self.ways {
            Some(ways) => ways.choose(partition, || log.end(to, partition)).await.map(Some),
            None => Ok(None),
        }
    }
}

/// One producer, for all senders into its topic.
pub(super) struct Shared {
    producer: Polled<Deliveries>,
    state: Arc<State>,
    topic: String,
    partitions: u32,
    limit: usize,
}

impl Shared {
    fn check(&self, record: &Record) -> Result<(), LogError> {
        if record.size() > self.limit {
            return Err(LogError::TooLarge {
                size: record.size(),
                limit: self.limit,
            });
        }
        Ok(())
    }

    /// Nothing means that the queue is full.
    fn push(
        &self,
        partition: u32,
        record: &Record,
        behind: Option<&Arc<Behind>>,
    ) -> Result<Option<Delivery>, LogError> {
        if self.state.has_failed() {
            return Err(LogError::Closed);
        }
        if partition >= self.partitions {
            return Err(LogError::PartitionCount {
                topic: self.topic.clone(),
                found: self.partitions,
                wanted: partition + 1,
            });
        }
        let (done, delivery) = oneshot::channel();
        let waiting = Waiting {
            done,
            behind: behind.cloned(),
        };
        let outgoing = convert::outgoing(record, &self.topic, partition, Box::new(waiting));
        if let Some(behind) = behind {
            behind.sent();
        }
        match self.producer.send(outgoing) {
            Ok(()) => Ok(Some(delivery)),
            Err((KafkaError::MessageProduction(Code::QueueFull), _)) => {
                if let Some(behind) = behind {
                    behind.not_sent();
                }
                Ok(None)
            }
            Err((error, _)) => {
                self.state.failed.store(true, Ordering::SeqCst);
                Err(LogError::Other(format!("{}: {error}", self.topic)))
            }
        }
    }
}

#[async_trait]
impl Sender for KafkaSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.shared.check(&record)?;
        let behind = match self.way(partition).await? {
            Some(Way::Lane(lane)) => return lane.push(record).await,
            Some(Way::Topic(behind)) => Some(behind),
            None => None,
        };
        loop {
            if let Some(delivery) = self.shared.push(partition, &record, behind.as_ref())? {
                return Ok(delivery);
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, self.shared.state.room.notified()).await;
        }
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.shared.check(&record)?;
        let record = match &self.ways {
            Some(_) => match self.log.shared.lanes.try_push(&self.to, partition, record)? {
                Ok(delivery) => return Ok(delivery),
                Err(record) => record,
            },
            None => record,
        };
        self.shared
            .push(partition, &record, None)?
            .ok_or_else(|| LogError::Overloaded(self.shared.topic.clone()))
    }
}
