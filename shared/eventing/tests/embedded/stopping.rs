//! A process that is stopped while it still reads what it is to go on from.

use crate::{counter::CounterCommand, open, start, start_on};
use async_trait::async_trait;
use interstate_log::{
    Chunk, Log, LogError, Membership, PartitionId, Reader, Sender, Topic, TopicSpec, Writer,
};
use std::{sync::Arc, time::Duration};

/// A log whose events have no end, and who reads them never waits.
struct Endless(Arc<dyn Log>);

struct Again(u64);

#[async_trait]
impl Reader for Again {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        self.poll(max).await
    }
    async fn poll(&mut self, _: usize) -> Result<Chunk, LogError> {
        self.0 += 1;
        Ok(Chunk {
            records: Vec::new(),
            next: self.0,
        })
    }
}

#[async_trait]
impl Log for Endless {
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError> {
        self.0.ensure(topics).await
    }
    async fn take_over(&self, partition: &PartitionId) -> Result<Box<dyn Writer>, LogError> {
        self.0.take_over(partition).await
    }
    async fn read(&self, _: &Topic, _: u32, from: u64) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(Again(from)))
    }
    async fn end(&self, _: &Topic, _: u32) -> Result<u64, LogError> {
        Ok(u64::MAX)
    }
    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError> {
        self.0.sender(topic).await
    }
    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError> {
        self.0.join(service).await
    }
    fn commands_are_durable(&self) -> bool {
        self.0.commands_are_durable()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_that_reads_for_long_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let add = crate::ask("source-0", &CounterCommand::Add(1));
    node.commands.ask(add).await.unwrap();
    node.host.stop().await;
    drop(node.commands);
    tokio::time::sleep(Duration::from_millis(400)).await;
    // Without its cache there is something to read.
    std::fs::remove_dir_all(dir.path().join("cache")).unwrap();
    let node = start_on(Arc::new(Endless(open(dir.path()))), dir.path(), None).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(20), node.host.stop()).await;
    stopped.expect("it stops");
}
