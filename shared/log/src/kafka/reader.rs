//! Reading one partition: assigned, read committed.

use super::{
    Options,
    client::{self, Faults},
    convert, errors,
};
use crate::{Chunk, LogError, Reader, Stored};
use async_trait::async_trait;
use futures::FutureExt;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode as Code},
    message::BorrowedMessage,
};

/// Reads from `from` on; from 0 means whatever the partition still has.
pub(super) fn open(
    options: &Options,
    topic: String,
    partition: u32,
    from: u64,
) -> Result<KafkaReader, LogError> {
    let reader = KafkaReader {
        consumer: Some(client::build(&options.reader(), Faults::default())?),
        options: options.clone(),
        topic,
        partition,
        next: from,
        at_end: false,
        failed: None,
    };
    reader.assign()?;
    Ok(reader)
}

pub(super) struct KafkaReader {
    /// Gone only while it is being dropped.
    consumer: Option<StreamConsumer<Faults>>,
    options: Options,
    topic: String,
    partition: u32,
    next: u64,
    /// Whether the broker said, after the last record here, that there is no more.
    at_end: bool,
    /// Came up behind records that had to be returned first.
    failed: Option<LogError>,
}

enum Step {
    Record(Stored),
    End,
    Nothing,
}

impl KafkaReader {
    fn consumer(&self) -> &StreamConsumer<Faults> {
        self.consumer.as_ref().expect("set until the reader is dropped")
    }

    fn other(&self, error: &KafkaError) -> LogError {
        LogError::Other(format!("{}/{}: {error}", self.topic, self.partition))
    }

    fn assign(&self) -> Result<(), LogError> {
        let start = match self.next {
            0 => Offset::Beginning,
            next => Offset::Offset(next as i64),
        };
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(&self.topic, self.partition as i32, start)
            .and_then(|()| self.consumer().assign(&assignment))
            .map_err(|error| self.other(&error))
    }

    /// Where reading goes on.
    pub(super) fn position(&self) -> u64 {
        self.next
    }

    /// Fetches nothing until it is told to [`KafkaReader::resume`].
    pub(super) fn pause(&self) -> Result<(), LogError> {
        self.consumer().unassign().map_err(|error| self.other(&error))
    }

    /// Goes on where it is by now.
    pub(super) fn resume(&mut self) -> Result<(), LogError> {
        self.at_end = false;
        self.failed = None;
        self.assign()
    }

    /// Takes records as read that have come from elsewhere.
    pub(super) fn skip(&mut self, records: Vec<Stored>) -> Chunk {
        self.next = records.last().map_or(self.next, |last| last.offset + 1);
        Chunk {
            records,
            next: self.next,
        }
    }

    fn step(&self, received: Result<BorrowedMessage<'_>, KafkaError>) -> Result<Step, LogError> {
        match received {
            Ok(message) => Ok(Step::Record(convert::incoming(&message))),
            Err(KafkaError::PartitionEOF(_)) => Ok(Step::End),
            Err(error) => match error.rdkafka_error_code() {
                Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => Err(LogError::Damaged {
                    at: format!("{}/{}, offset {}", self.topic, self.partition, self.next),
                    why: "the log does not have this offset (any more)".to_owned(),
                }),
                Some(code) if errors::passes(code) => Ok(Step::Nothing),
                _ => Err(errors::question(&self.options, &self.topic, &error, None)),
            },
        }
    }

    /// Moves over control records and aborted batches, which are never returned.
    fn reach_end(&mut self) {
        self.at_end = true;
        let position = self.consumer().position().ok();
        let offset = position.and_then(|list| list.elements().first().map(|one| one.offset()));
        if let Some(Offset::Offset(offset)) = offset {
            self.next = self.next.max(offset.max(0) as u64);
        }
    }

    /// What has already arrived. Waits for nothing, so that no future is dropped with records in it.
    fn take_ready(&mut self, records: &mut Vec<Stored>, max: usize) {
        while records.len() < max && self.failed.is_none() {
            let Some(received) = self.consumer().recv().now_or_never() else {
                return;
            };
            match self.step(received) {
                Ok(Step::Record(stored)) => self.accept(records, stored),
                Ok(Step::End) => self.reach_end(),
                Ok(Step::Nothing) => {}
                Err(error) => self.failed = Some(error),
            }
        }
    }

    fn accept(&mut self, records: &mut Vec<Stored>, stored: Stored) {
        self.next = stored.offset + 1;
        self.at_end = false;
        records.push(stored);
    }

    /// Waits for a record or for the end.
    async fn receive(&mut self, max: usize) -> Result<Chunk, LogError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut records = Vec::new();
        loop {
            let received = self.consumer().recv().await;
            match self.step(received)? {
                Step::Record(stored) => {
                    self.accept(&mut records, stored);
                    self.take_ready(&mut records, max);
                    break;
                }
                Step::End => {
                    self.reach_end();
                    break;
                }
                Step::Nothing => {}
            }
        }
        Ok(Chunk {
            records,
            next: self.next,
        })
    }
}

#[async_trait]
impl Reader for KafkaReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        let before = self.next;
        loop {
            let chunk = self.receive(max).await?;
            if !chunk.records.is_empty() || chunk.next > before {
                return Ok(chunk);
            }
        }
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        if !self.at_end {
            let reach = self.options.reach_timeout;
            return match tokio::time::timeout(reach, self.receive(max)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let why = self.consumer().context().last();
                    let why = why.unwrap_or_else(|| format!("{} gave no answer", self.topic));
                    Err(errors::unreachable(&self.options, why))
                }
            };
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut records = Vec::new();
        self.take_ready(&mut records, max);
        Ok(Chunk {
            records,
            next: self.next,
        })
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            client::dispose(consumer);
        }
    }
}
