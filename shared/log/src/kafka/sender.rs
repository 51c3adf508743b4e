//! Sending without a transaction: idempotent, and without a gap in any partition.

use super::{
    Options,
    client::{self, blocking, dispose},
    convert,
};
use crate::{Delivery, LogError, Record, Sender};
use async_trait::async_trait;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::{DeliveryResult, Producer, ProducerContext, ThreadedProducer},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, oneshot};

/// A full queue is looked at again after this long, should the wake-up be missed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Opens a producer into one topic. It is connected when this returns, so that the first record does not wait.
pub(super) async fn open(
    options: &Options,
    topic: String,
    partitions: u32,
) -> Result<Box<dyn Sender>, LogError> {
    let state = Arc::new(State::default());
    let (config, reach, name) = (options.sender(), options.reach_timeout, topic.clone());
    let context = Deliveries { state: state.clone() };
    let producer = blocking(move || {
        let producer: ThreadedProducer<Deliveries> = client::build(&config, context)?;
        // The answer does not matter: the topic has been checked, and this only opens the connection.
        let _ = producer.client().fetch_metadata(Some(&name), reach);
        Ok(producer)
    })
    .await?;
    Ok(Box::new(KafkaSender {
        producer: Some(producer),
        state,
        topic,
        partitions,
        limit: options.max_record,
    }))
}

#[derive(Default)]
struct State {
    /// Set by the first record that was not delivered; every later one has failed too.
    failed: AtomicBool,
    room: Notify,
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
            Ok(_) if self.state.failed.load(Ordering::SeqCst) => Err(LogError::Closed),
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
    /// Gone only while it is being dropped.
    producer: Option<ThreadedProducer<Deliveries>>,
    state: Arc<State>,
    topic: String,
    partitions: u32,
    limit: usize,
}

impl KafkaSender {
    /// Nothing means that the queue is full.
    fn push(&mut self, partition: u32, record: &Record) -> Result<Option<Delivery>, LogError> {
        if self.state.failed.load(Ordering::SeqCst) {
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
        let producer = self.producer.as_ref().expect("set until the sender is dropped");
        let (done, delivery) = oneshot::channel();
        let outgoing = convert::outgoing(record, &self.topic, partition, Box::new(done));
        match producer.send(outgoing) {
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
            if let Some(delivery) = self.push(partition, &record)? {
                return Ok(delivery);
            }
            let state = self.state.clone();
            let _ = tokio::time::timeout(LOOK_AGAIN, state.room.notified()).await;
        }
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.push(partition, &record)?
            .ok_or_else(|| LogError::Overloaded(self.topic.clone()))
    }
}

impl Drop for KafkaSender {
    fn drop(&mut self) {
        if let Some(producer) = self.producer.take() {
            dispose(producer);
        }
    }
}
