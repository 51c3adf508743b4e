//! That a partition is still this member's, proven by a commit in the group's generation.

use super::{Options, errors, membership::Group};
use crate::{Lease, LogError};
use async_trait::async_trait;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode as Code},
};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

pub(super) struct GroupLease {
    pub(super) consumer: Weak<BaseConsumer<Group>>,
    pub(super) topic: String,
    pub(super) partition: i32,
    /// Cleared before this member answers the group about a partition that it loses. A commit proves the
    /// member's generation only, not that the partition is its own in it; both together do.
    pub(super) holds: Arc<AtomicBool>,
    pub(super) options: Options,
}

#[async_trait]
impl Lease for GroupLease {
    async fn prove(&self) -> Result<bool, LogError> {
        let until = Instant::now() + self.options.reach_timeout;
        loop {
            if !self.holds.load(Ordering::SeqCst) {
                return Ok(false);
            }
            let Some(consumer) = self.consumer.upgrade() else {
                return Ok(false);
            };
            let (topic, partition) = (self.topic.clone(), self.partition);
            let left = until.saturating_duration_since(Instant::now());
            // The library waits for the coordinator as long as it takes; the caller does not. The thread is no
            // worker of the runtime: its end would wait for it.
            let (done, answer) = oneshot::channel();
            std::thread::Builder::new()
                .name("kafka-proof".to_owned())
                .spawn(move || done.send(commit(&consumer, &topic, partition)))
                .map_err(|error| LogError::Other(format!("no thread for a proof: {error}")))?;
            let outcome = match tokio::time::timeout(left, answer).await {
                Ok(outcome) => outcome.map_err(|_| LogError::Closed)?,
                Err(_) => {
                    let why = format!("the group of {} gave no answer", self.topic);
                    return Err(errors::unreachable(&self.options, why));
                }
            };
            let code = match outcome {
                Ok(()) => return Ok(self.holds.load(Ordering::SeqCst)),
                Err(error) => error.rdkafka_error_code(),
            };
            match code {
                Some(Code::UnknownMemberId | Code::FencedInstanceId) => return Ok(false),
                // The group is between two generations: ask again in the next.
                Some(Code::IllegalGeneration | Code::RebalanceInProgress) => {}
                Some(code) if errors::passes(code) => {}
                other => {
                    let why = other.map_or_else(|| "no reason given".to_owned(), |code| code.to_string());
                    return Err(LogError::Other(format!("proving {}: {why}", self.topic)));
                }
            }
            if Instant::now() >= until {
                let why = format!("the group of {} did not settle", self.topic);
                return Err(errors::unreachable(&self.options, why));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The offset says nothing; that it is accepted, in this member's generation, is the proof.
fn commit(consumer: &BaseConsumer<Group>, topic: &str, partition: i32) -> Result<(), KafkaError> {
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(topic, partition, Offset::Offset(0))?;
    consumer.commit(&offsets, CommitMode::Sync)
}
