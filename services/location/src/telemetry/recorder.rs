//! Makes batches of fixes durable: one record a batch in `location.fixes`, keyed by driver.

use super::wire::FixBatch;
use crate::domain::Fix;
use bytes::Bytes;
use interstate_log::{Delivery, Log, LogError, Record, Sender, Topic, TopicKind, TopicSpec, partition_of};
use interstate_schemas::{DriverId, Timestamp};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Why fixes are not durable. Nothing of the batch has been taken up; the device sends it again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// Too much waits already.
    #[error("too many fixes are waiting to be written")]
    Overloaded,
    /// The log has no room.
    #[error("fixes cannot be written: the log has no room")]
    Full,
    /// The log does not take it now.
    #[error("fixes cannot be written: {0}")]
    Unavailable(LogError),
}

impl From<LogError> for RecordError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Overloaded(_) => Self::Overloaded,
            LogError::Full(_) => Self::Full,
            other => Self::Unavailable(other),
        }
    }
}

/// The way into `location.fixes`.
pub struct Recorder {
    log: Arc<dyn Log>,
    partitions: u32,
    /// Made on first need, and anew after a failure: a sender that failed once delivers nothing any more.
    sender: Mutex<Option<Box<dyn Sender>>>,
}

impl Recorder {
    /// The topic.
    pub const fn topic() -> Topic {
        Topic {
            service: std::borrow::Cow::Borrowed("location"),
            kind: TopicKind::Fixes,
        }
    }

    /// Makes sure of the topic.
    pub async fn open(log: Arc<dyn Log>, partitions: u32) -> Result<Self, LogError> {
        let spec = TopicSpec {
            topic: Self::topic(),
            partitions,
        };
        log.ensure(&[spec]).await?;
        Ok(Self {
            log,
            partitions,
            sender: Mutex::new(None),
        })
    }

    /// Appends what a driver's device sent as one record, and returns once it is durable.
    pub async fn append(
        &self,
        driver: DriverId,
        received: Timestamp,
        fixes: &[&Fix],
    ) -> Result<(), RecordError> {
        let driver = driver.to_string();
        let payload = FixBatch::encode_fixes(&driver, received, fixes).into();
        let record = Record {
            key: Bytes::from(driver),
            headers: vec![
                ("ce_type".into(), Bytes::from_static(b"location.fixes.v1")),
                ("content-type".into(), Bytes::from_static(b"application/protobuf")),
            ],
            payload,
        };
        let delivery = self.send(record).await?;
        match delivery.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                *self.sender.lock().await = None;
                Err(error.into())
            }
            Err(_) => {
                *self.sender.lock().await = None;
                Err(LogError::Closed.into())
            }
        }
    }

    async fn send(&self, record: Record) -> Result<Delivery, LogError> {
        let partition = partition_of(&record.key, self.partitions);
        let mut place = self.sender.lock().await;
        let sender = match place.as_mut() {
            Some(sender) => sender,
            None => place.insert(self.log.sender(&Self::topic()).await?),
        };
        let sent = sender.try_send(partition, record);
        if matches!(&sent, Err(error) if !matches!(error, LogError::Overloaded(_) | LogError::Full(_) | LogError::TooLarge { .. }))
        {
            *place = None;
        }
        sent
    }
}
