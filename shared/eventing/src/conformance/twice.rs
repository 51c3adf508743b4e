//! A log whose senders lose every acknowledgement between tasks, and so send each message twice.

use crate::envelope::{Command, Origin};
use async_trait::async_trait;
use interstate_log::{
    Delivery, Log, LogError, Membership, PartitionId, Reader, Record, Sender, Topic, TopicSpec, Writer,
};
use std::sync::Arc;

pub(super) struct Twice(pub(super) Arc<dyn Log>);

struct TwiceSender(Box<dyn Sender>);

#[async_trait]
impl Log for Twice {
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
        self.0.end(topic, partition).await
    }
    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError> {
        Ok(Box::new(TwiceSender(self.0.sender(topic).await?)))
    }
    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError> {
        self.0.join(service).await
    }
    fn commands_are_durable(&self) -> bool {
        self.0.commands_are_durable()
    }
}

#[async_trait]
impl Sender for TwiceSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        let command = Command::from_record(&record);
        if command.is_ok_and(|command| matches!(command.meta.origin, Origin::Task { .. })) {
            drop(self.0.send(partition, record.clone()).await?);
        }
        self.0.send(partition, record).await
    }
    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.0.try_send(partition, record)
    }
}
