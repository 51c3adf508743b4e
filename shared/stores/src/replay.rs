//! Reading a partition's events again, from one position of a read model to another.

use crate::RebuildError;
use interstate_eventing::{Batches, Event, projection::Position};
use interstate_log::{Log, PartitionId, Reader, Stored, Topic};

/// Events taken up together: more than a runner's, for nobody waits for these rows, and few enough that what is read
/// for the next ones finds its memory still warm.
const CHUNK: usize = 4_000;

/// A way through one partition.
pub struct Replay<'l> {
    log: &'l dyn Log,
    source: &'l PartitionId,
    reader: Box<dyn Reader>,
    batches: Batches,
    read: std::vec::IntoIter<Stored>,
    to: Position,
    arrived: bool,
}

impl<'l> Replay<'l> {
    /// From behind one batch to behind a later one; nothing where it is not later.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn between(
        log: &'l dyn Log,
        source: &'l PartitionId,
        from: Position,
        to: Position,
    ) -> Result<Self, RebuildError> {
        let topic = Topic::events(source.service.clone());
        Ok(Self {
            log,
            source,
            reader: log.read(&topic, source.index, from.next).await?,
            batches: Batches::new(source.service.clone(), source.index, from.sequence, from.receipt),
            read: Vec::new().into_iter(),
            to,
            arrived: from.receipt >= to.receipt,
        })
    }

    /// The next events, whole batches of them, and where they end.
    ///
    /// # Errors
    /// The log cannot be read, or ends before.
    pub async fn next(&mut self) -> Result<Option<(Vec<Event>, Position)>, RebuildError> {
        if self.arrived {
            return Ok(None);
        }
        let topic = Topic::events(self.source.service.clone());
        let mut events = Vec::new();
        loop {
            for stored in self.read.by_ref() {
                let Some(mut batch) = self.batches.push(&stored)? else {
                    continue;
                };
                let behind = Position::behind(&batch);
                self.arrived = behind.receipt >= self.to.receipt;
                events.append(&mut batch.events);
                if self.arrived || events.len() >= CHUNK {
                    return Ok(Some((events, behind)));
                }
            }
            let chunk = self.reader.poll(CHUNK).await?;
            if chunk.records.is_empty() && chunk.next >= self.log.end(&topic, self.source.index).await? {
                return Err(RebuildError::LogTooShort(self.source.clone()));
            }
            self.read = chunk.records.into_iter();
        }
    }
}
