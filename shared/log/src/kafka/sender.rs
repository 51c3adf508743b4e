//! Sending without a transaction: idempotent, and without a gap in any partition.

use super::{Options, client::blocking, convert, lock, polled::Polled};
use crate::{Delivery, LogError, Record, Sender};
use async_trait::async_trait;
use rdkafka::{
    ClientContext,
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
        options: &Options,
        topic: String,
        partitions: u32,
    ) -> Result<Box<dyn Sender>, LogError> {
        let slot = lock(&self.topics).entry(topic.clone()).or_default().clone();
        // Others who want the same topic wait for the same answer.
        let mut known = slot.lock().await;
        let shared = match known.upgrade().filter(|shared| !shared.state.has_failed()) {
            Some(shared) => shared,
            None => {
                let shared = Arc::new(connect(options, topic, partitions).await?);
                *known = Arc::downgrade(&shared);
                shared
            }
        };
        Ok(Box::new(KafkaSender { shared }))
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

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<oneshot::Sender<Result<(), LogError>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, done: Self::DeliveryOpaque) {
        let outcome = match result {
            // Delivered, but behind a gap: whoever sends again must start before the gap.
            Ok(_) if self.state.has_failed() => Err(LogError::Closed),
            Ok(_) => Ok(()),
            Err((error, _)) => {
                self.state.failed.store(true, Ordering::SeqCst);
                Err(LogError::Other(error.to_string()))
            }
        };
        let _ = done.send(outcome);
        self.state.room.notify_waiters();
    }
}

struct KafkaSender {
    shared: Arc<Shared>,
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
    /// Nothing means that the queue is full.
    fn push(&self, partition: u32, record: &Record) -> Result<Option<Delivery>, LogError> {
        if self.state.has_failed() {
            return Err(LogError::Closed);
        }
        if record.size() > self.limit {
            return Err(LogError::TooLarge {
                size: record.size(),
                limit: self.limit,
            });
        }
        if partition >= self.partitions {
            return Err(LogError::PartitionCount {
                topic: self.topic.clone(),
                found: self.partitions,
                wanted: partition + 1,
            });
        }
        let (done, delivery) = oneshot::channel();
        let outgoing = convert::outgoing(record, &self.topic, partition, Box::new(done));
        match self.producer.send(outgoing) {
            Ok(()) => Ok(Some(delivery)),
            Err((KafkaError::MessageProduction(Code::QueueFull), _)) => Ok(None),
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
        loop {
            if let Some(delivery) = self.shared.push(partition, &record)? {
                return Ok(delivery);
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, self.shared.state.room.notified()).await;
        }
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.shared
            .push(partition, &record)?
            .ok_or_else(|| LogError::Overloaded(self.shared.topic.clone()))
    }
}
