//! Commands in a process's memory: gone with it.

use super::{Cluster, SimLog};
use crate::here::Here;
use async_trait::async_trait;
use interstate_log::{Chunk, Delivery, LogError, Reader, Record, Sender, Topic, queue::QueueReader};
use std::sync::Arc;

/// Reads a queue of its own process; what it returns takes its time.
pub(super) struct MemoryReader {
    pub(super) queue: QueueReader,
    pub(super) here: Here,
}

#[async_trait]
impl Reader for MemoryReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        self.queue.filled().await;
        self.poll(max).await
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        self.here.pass().await;
        self.queue.poll(max).await
    }

    fn handled(&mut self, count: usize) {
        self.queue.handled(count);
    }
}

/// Sends into the queues of its own process.
pub(super) struct QueueSender {
    pub(super) cluster: Arc<Cluster>,
    pub(super) here: Here,
    pub(super) topic: Topic,
}

#[async_trait]
impl Sender for QueueSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        SimLog::check_size(&record)?;
        let queue = self.cluster.queue(self.here.process, &self.topic, partition)?;
        queue.push(record).await
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        SimLog::check_size(&record)?;
        if self.here.sim.strikes(|faults| faults.full) {
            return Err(LogError::Overloaded(self.topic.to_string()));
        }
        let queue = self.cluster.queue(self.here.process, &self.topic, partition)?;
        queue.try_push(record)
    }
}
