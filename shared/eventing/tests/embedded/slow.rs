//! A log on which messages between tasks are durable at once and arrive later, as on a broker; and on which it takes a
//! while to learn where partitions end.

use async_trait::async_trait;
use interstate_log::{
    Delivery, Log, LogError, Membership, PartitionId, Reader, Record, Sender, Topic, TopicSpec, Writer,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// A message is under way for so long.
const UNDER_WAY: Duration = Duration::from_millis(30);
/// Where a partition ends is known after so long.
const LOOK: Duration = Duration::from_millis(40);

pub struct Slow(pub Arc<dyn Log>);

struct SlowSender {
    at_once: Box<dyn Sender>,
    later: mpsc::UnboundedSender<(tokio::time::Instant, u32, Record)>,
}

#[async_trait]
impl Log for Slow {
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError> {
        self.0.ensure(topics).await
    }
    async fn take_over(&self, partition: &PartitionId) -> Result<Box<dyn Writer>, LogError> {
        self.0.take_over(partition).await
    }
    async fn read(&self, topic: &Topic, partition: u32, from: u64) -> Result<Box<dyn Reader>, LogError> {
        self.0.read(topic, partition, from).await
    }
    async fn end(&self, topic: &Topic, partition: u32) -> Result<u64, LogError> {
        tokio::time::sleep(LOOK).await;
        self.0.end(topic, partition).await
    }
    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError> {
        let mut inner = self.0.sender(topic).await?;
        let (later, mut waiting) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some((due, partition, record)) = waiting.recv().await {
                tokio::time::sleep_until(due).await;
                // Where the log is gone, so is whoever would miss it.
                let _ = inner.send(partition, record).await;
            }
        });
        let at_once = self.0.sender(topic).await?;
        Ok(Box::new(SlowSender { at_once, later }))
    }
    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError> {
        self.0.join(service).await
    }
    fn commands_are_durable(&self) -> bool {
        self.0.commands_are_durable()
    }
}

#[async_trait]
impl Sender for SlowSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        let (durable, delivery) = oneshot::channel();
        let due = tokio::time::Instant::now() + UNDER_WAY;
        self.later
            .send((due, partition, record))
            .map_err(|_| LogError::Closed)?;
        let _ = durable.send(Ok(()));
        Ok(delivery)
    }
    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.at_once.try_send(partition, record)
    }
}
