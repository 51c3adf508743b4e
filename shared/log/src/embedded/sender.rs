//! Sending without a transaction: into a queue, or as single durable records.

use super::{EmbeddedLog, check_sizes, committer::Write, in_memory, queue::Queue};
use crate::{AppendError, Delivery, LogError, Record, Sender, Topic};
use async_trait::async_trait;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::oneshot;

pub(super) struct EmbeddedSender {
    pub(super) log: EmbeddedLog,
    pub(super) topic: Topic,
    pub(super) places: HashMap<u32, Arc<Queue>>,
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
        Ok((Write::new(place, None, vec![record], done), delivery))
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
