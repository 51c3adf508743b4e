//! Sending without a transaction: into a queue, or as single durable records.

use super::{
    EmbeddedLog, Partition, check_sizes,
    committer::{Done, Write},
    in_memory,
};
use crate::{Delivery, LogError, Record, Sender, Topic, queue::Queue};
use async_trait::async_trait;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::oneshot;

pub(super) struct EmbeddedSender {
    pub(super) log: EmbeddedLog,
    pub(super) topic: Topic,
    pub(super) places: HashMap<u32, Place>,
}

/// Where a partition's records go.
#[derive(Clone)]
pub(super) enum Place {
    Queue(Arc<Queue>),
    /// Of a durable topic without a transaction: telemetry and dead letters.
    Durable(Arc<Partition>),
}

impl EmbeddedSender {
    fn place(&mut self, partition: u32) -> Result<Place, LogError> {
        if let Some(place) = self.places.get(&partition) {
            return Ok(place.clone());
        }
        let place = if in_memory(&self.topic) {
            Place::Queue(self.log.queue(&self.topic, partition)?)
        } else {
            Place::Durable(self.log.durable(&self.topic, partition)?)
        };
        self.places.insert(partition, place.clone());
        Ok(place)
    }

    fn check(&self, record: &Record) -> Result<(), LogError> {
        check_sizes(std::slice::from_ref(record), self.log.shared.options.max_record)
    }
}

fn write(place: Arc<Partition>, record: Record) -> (Write, Delivery) {
    let (done, delivery) = oneshot::channel();
    (
        Write::new(place, None, vec![record], Done::Sender(done)),
        delivery,
    )
}

#[async_trait]
impl Sender for EmbeddedSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.check(&record)?;
        match self.place(partition)? {
            Place::Queue(queue) => queue.push(record).await,
            Place::Durable(place) => {
                let (write, delivery) = write(place, record);
                self.log.shared.committer.send(write).await?;
                Ok(delivery)
            }
        }
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.check(&record)?;
        // What cannot be written would only wait in memory.
        self.log.shared.room.admit()?;
        match self.place(partition)? {
            Place::Queue(queue) => queue.try_push(record),
            Place::Durable(place) => {
                let (write, delivery) = write(place, record);
                self.log.shared.committer.try_send(write)?;
                Ok(delivery)
            }
        }
    }
}
