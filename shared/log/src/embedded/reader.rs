//! Reading a durable partition: its newest records from memory, the others from the files.

use super::{Partition, store::Store};
use crate::{Chunk, LogError, Reader};
use async_trait::async_trait;
use std::sync::Arc;

pub(super) struct EmbeddedReader {
    pub(super) store: Arc<Store>,
    pub(super) place: Arc<Partition>,
    pub(super) wake: tokio::sync::watch::Receiver<u64>,
    pub(super) next: u64,
}

#[async_trait]
impl Reader for EmbeddedReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        let next = self.next;
        self.wake
            .wait_for(|end| *end > next)
            .await
            .map_err(|_| LogError::Closed)?;
        self.poll(max).await
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        let end = self.place.tail.end();
        if self.next >= end {
            return Ok(Chunk {
                records: Vec::new(),
                next: self.next,
            });
        }
        let records = match self.place.tail.copy(self.next, max) {
            Some(records) => records,
            None => self.store.read(
                self.place.id,
                self.next,
                end.min(self.next.saturating_add(max as u64)),
            )?,
        };
        self.next = records.last().map_or(self.next, |last| last.offset + 1);
        Ok(Chunk {
            records,
            next: self.next,
        })
    }
}
