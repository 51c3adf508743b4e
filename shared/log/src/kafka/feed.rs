//! What the writers of this process have committed, for the readers of this process: they need not fetch it back
//! from the broker.
//!
//! As long as one writer's batches are committed, nobody else's stand between them: whoever takes over fences that
//! writer first, and its next batch fails. So a reader that is as far as one batch finds all the others in the
//! feed, until the writer ends. It does not trust a silent feed for long, for a writer that has been fenced only
//! learns of it when it writes: after a few seconds it asks the broker.

use super::reader::KafkaReader;
use crate::{Chunk, LogError, Reader, Record, Stored, lock, tail::Tail};
use async_trait::async_trait;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// How long a reader waits for a feed before it asks the broker.
const TRUST: Duration = Duration::from_secs(3);

/// The newest batches of one partition that were written here.
pub(super) struct Feed {
    tail: Tail,
    /// The number of the writer that feeds it. One that was fenced may still be about to report a batch.
    writer: Mutex<u64>,
    /// The furthest end of the partition that anybody was told. It lies behind the marker of a batch, which only the
    /// broker shows: whoever reads up to there must not wait for the next batch.
    wanted: AtomicU64,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            tail: Tail::unknown(),
            writer: Mutex::default(),
            wanted: AtomicU64::new(0),
        }
    }
}

impl Feed {
    /// Somebody was told that the partition ends here.
    pub(super) fn want(&self, end: u64) {
        if self.wanted.fetch_max(end, Ordering::SeqCst) < end {
            self.tail.wake();
        }
    }

    /// A writer has taken over.
    pub(super) fn begin(self: &Arc<Self>) -> Fed {
        let mut writer = lock(&self.writer);
        *writer += 1;
        self.tail.forget();
        Fed {
            feed: self.clone(),
            number: *writer,
        }
    }
}

/// A writer's end of a feed. It ends with the writer.
pub(super) struct Fed {
    feed: Arc<Feed>,
    number: u64,
}

impl Fed {
    /// A batch is committed, its records at these offsets, where the broker has told them all.
    pub(super) fn committed(&self, offsets: Option<Vec<u64>>, batch: Vec<Record>) {
        let current = lock(&self.feed.writer);
        if *current != self.number {
            return;
        }
        match offsets {
            Some(offsets) => {
                let stored = offsets.into_iter().zip(batch);
                self.feed
                    .tail
                    .extend(stored.map(|(offset, record)| Stored { offset, record }));
            }
            None => self.feed.tail.forget(),
        }
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        let current = lock(&self.feed.writer);
        if *current == self.number {
            self.feed.tail.forget();
        }
    }
}

/// Reads from the feed where it can, and from the broker where it must.
pub(super) struct FedReader {
    broker: KafkaReader,
    feed: Arc<Feed>,
    changes: watch::Receiver<u64>,
    /// Whether the broker is asked.
    asks: bool,
}

impl FedReader {
    pub(super) fn new(broker: KafkaReader, feed: Arc<Feed>) -> Self {
        Self {
            broker,
            changes: feed.tail.subscribe(),
            feed,
            asks: true,
        }
    }

    fn ask(&mut self) -> Result<(), LogError> {
        if !std::mem::replace(&mut self.asks, true) {
            self.broker.resume()?;
        }
        Ok(())
    }
}

#[async_trait]
impl Reader for FedReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        loop {
            self.changes.mark_unchanged();
            let fed = self.feed.tail.copy(self.broker.position(), max);
            match fed {
                Some(records) if !records.is_empty() => {
                    if std::mem::replace(&mut self.asks, false) {
                        self.broker.pause()?;
                    }
                    return Ok(self.broker.skip(records));
                }
                Some(_)
                    if !self.asks && self.broker.position() >= self.feed.wanted.load(Ordering::SeqCst) =>
                {
                    if tokio::time::timeout(TRUST, self.changes.changed()).await.is_err() {
                        self.ask()?;
                    }
                }
                _ => {
                    self.ask()?;
                    tokio::select! {
                        biased;
                        chunk = self.broker.next(max) => return chunk,
                        _ = self.changes.changed() => {}
                    }
                }
            }
        }
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        self.ask()?;
        self.broker.poll(max).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(count: usize) -> Vec<Record> {
        vec![Record::default(); count]
    }

    #[test]
    fn a_writer_that_was_replaced_adds_nothing_and_takes_nothing_away() {
        let feed = Arc::new(Feed::default());
        let old = feed.begin();
        old.committed(Some(vec![4, 5]), batch(2));
        let new = feed.begin();
        assert_eq!(feed.tail.copy(5, 9), None, "somebody else may have written");
        new.committed(Some(vec![9]), batch(1));
        old.committed(Some(vec![7]), batch(1));
        drop(old);
        let offsets = |from| {
            let found = feed.tail.copy(from, 9);
            found.map(|found| found.iter().map(|stored| stored.offset).collect::<Vec<_>>())
        };
        assert_eq!(offsets(7), None);
        assert_eq!(offsets(9), Some(vec![9]));
        new.committed(None, batch(1));
        assert_eq!(
            offsets(9),
            None,
            "one batch of which nobody knows where it stands"
        );
        new.committed(Some(vec![15]), batch(1));
        assert_eq!(offsets(15), Some(vec![15]));
        drop(new);
        assert_eq!(offsets(15), None);
    }
}
