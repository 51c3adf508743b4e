//! Reading your own writes: a query waits until its read model has what the asker has seen.

use super::{ReadModel, StoreFailure};
use crate::{latest::Seen, runtime::Clock};
use futures::future::{Either, select};
use interstate_log::{Log, LogError, PartitionId, Topic};
use std::{pin::pin, sync::Arc, time::Duration};

/// Between two questions for an end to a log that does not say.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// What a runner has made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    pub(super) incarnation: u32,
    pub(super) sequence: u64,
    /// Everything committed below this offset is in it.
    pub(super) read: u64,
}

impl Progress {
    /// Of an older generation nothing can come any more.
    fn reaches(self, incarnation: u32, sequence: u64) -> bool {
        (self.incarnation, self.sequence) >= (incarnation, sequence)
    }
}

/// What a reader has seen: an entry of its consistency token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The generation of the partitions.
    pub incarnation: u32,
    /// The partition.
    pub partition: u32,
    /// The last event's sequence.
    pub sequence: u64,
}

/// The answer to a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The read model shows it.
    CaughtUp,
    /// Not within the patience that was given.
    NotYet,
    /// Events of that subject are parked: it will not show them until they are taken up again.
    Parked,
}

/// How far one projection is in the partitions of one service. Clones are cheap.
#[derive(Clone)]
pub struct ReadPosition {
    pub(super) service: String,
    pub(super) model: Arc<dyn ReadModel>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) partitions: Arc<[Seen<Progress>]>,
}

impl ReadPosition {
    /// The service whose events it follows.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The last sequence of a partition that the read model shows.
    pub fn sequence(&self, partition: u32) -> u64 {
        self.progress(partition)
            .map_or(0, |known| known.look(|progress| progress.sequence))
    }

    /// Waits until the read model shows `at`, no longer than `patience` (machine time). With a subject, the
    /// answer is [`Wait::Parked`] while its events are parked.
    ///
    /// # Errors
    /// The store did not say whether the subject is parked.
    pub async fn wait_for(
        &self,
        at: At,
        subject: Option<&str>,
        patience: Duration,
    ) -> Result<Wait, StoreFailure> {
        let Some(progress) = self.progress(at.partition) else {
            return Ok(Wait::NotYet);
        };
        let reached = |known: &Progress| known.reaches(at.incarnation, at.sequence);
        if !progress.look(reached) {
            let moved = pin!(progress.wait_for(reached));
            let over = self.clock.sleep(patience);
            match select(moved, over).await {
                Either::Left((true, _)) => {}
                // The runner is gone, or the patience is.
                Either::Left((false, _)) | Either::Right(_) => return Ok(Wait::NotYet),
            }
        }
        match subject {
            Some(subject) if self.is_parked(at.partition, subject).await? => Ok(Wait::Parked),
            _ => Ok(Wait::CaughtUp),
        }
    }

    /// Waits until the read model has all that its partitions hold now; for who must not act on half of it. False when
    /// its runners have ended before.
    pub async fn catch_up(&self, log: &dyn Log) -> bool {
        let topic = Topic::events(self.service.clone());
        for (index, progress) in (0..).zip(self.partitions.iter()) {
            let end = loop {
                match log.end(&topic, index).await {
                    Ok(end) => break end,
                    Err(LogError::Closed) => return false,
                    Err(error) => {
                        tracing::warn!(model = self.model.name(), %error, "a log does not say where it ends");
                        self.clock.sleep(ASK_AGAIN).await;
                    }
                }
            };
            if !progress.wait_for(|known| known.read >= end).await {
                return false;
            }
        }
        true
    }

    /// Whether events of a subject are parked, so that its rows are older than they seem.
    ///
    /// # Errors
    /// The store did not say.
    pub async fn is_parked(&self, partition: u32, subject: &str) -> Result<bool, StoreFailure> {
        let source = PartitionId::new(self.service.clone(), partition);
        self.model.is_parked(&source, subject).await
    }

    fn progress(&self, partition: u32) -> Option<&Seen<Progress>> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }
}
