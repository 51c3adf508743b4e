//! Carries one partition's events into a read model.

use super::{
    Consumer, ConsumerKind, Consumers, Position, ReadModel, ReadPosition, StoreFailure, position::Progress,
};
use crate::{
    BatchError, Batches, Event,
    latest::Latest,
    plant::{self, Bug},
    runtime::{Clock, spans},
};
use interstate_log::{Log, LogError, PartitionId, Reader, Topic};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Events taken up in one transaction; whole batches, so it may be a few more.
const CHUNK: usize = 2000;
/// A position that moved without an event is written once in so many receipts.
const QUIET_RECEIPTS: u64 = 1000;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What runners need.
#[derive(Clone)]
pub struct Follow {
    /// The log.
    pub log: Arc<dyn Log>,
    /// For pauses and patience.
    pub clock: Arc<dyn Clock>,
    /// Where they say how far they are.
    pub consumers: Consumers,
}

impl Follow {
    /// A runner for each partition of a service's events, and where queries wait for them. Spawn
    /// [`Runner::run`] of each; dropping that future at any time is safe.
    pub fn projection(
        &self,
        model: Arc<dyn ReadModel>,
        service: impl Into<Cow<'static, str>>,
        partitions: u32,
    ) -> (ReadPosition, Vec<Runner>) {
        let service = service.into();
        let mut known = Vec::new();
        let mut runners = Vec::new();
        for index in 0..partitions {
            let source = PartitionId::new(service.clone(), index);
            let progress = Latest::new(Progress::default());
            known.push(progress.seen());
            runners.push(Runner {
                log: self.log.clone(),
                clock: self.clock.clone(),
                consumer: self.consumers.register(
                    ConsumerKind::Projection,
                    model.name().to_owned(),
                    source.clone(),
                ),
                model: model.clone(),
                source,
                progress,
                pause: FIRST_PAUSE,
                parked: 0,
            });
        }
        let position = ReadPosition {
            service: service.into_owned(),
            model,
            clock: self.clock.clone(),
            partitions: known.into(),
        };
        (position, runners)
    }
}

/// Why a runner has to begin again from the stored position.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

/// One projection on one partition.
pub struct Runner {
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    model: Arc<dyn ReadModel>,
    source: PartitionId,
    consumer: Consumer,
    progress: Latest<Progress>,
    pause: Duration,
    /// Events put aside when it last looked.
    parked: u64,
}

/// Whole batches, and where they end.
struct Gathered {
    events: Vec<Event>,
    to: Position,
    /// Everything committed below this has been read, and what is not in `events` needs no handling.
    read: u64,
}

impl Runner {
    /// The partition that it follows.
    pub fn source(&self) -> &PartitionId {
        &self.source
    }

    /// Follows the partition until the log is closed. While the store or the log is away it waits and tries
    /// again; it never passes an event over.
    pub async fn run(mut self) {
        loop {
            let Err(stopped) = self.follow().await;
            if matches!(stopped, Stopped::Log(LogError::Closed)) {
                return;
            }
            tracing::warn!(
                projection = self.model.name(),
                source = %self.source,
                error = %stopped,
                pause_ms = self.pause.as_millis() as u64,
                "a projection stands still and tries again"
            );
            self.consumer.failed(stopped.to_string());
            self.clock.sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, Stopped> {
        let mut stored = self.model.position(&self.source).await?;
        self.count_parked().await?;
        self.publish(stored);
        self.consumer.handled(stored.next, stored.sequence);
        let topic = Topic::events(self.source.service.clone());
        let mut reader = self.log.read(&topic, self.source.index, stored.next).await?;
        let mut batches = Batches::new(
            self.source.service.clone(),
            self.source.index,
            stored.sequence,
            stored.receipt,
        );
        let mut at = stored;
        loop {
            let gathered = self.gather(reader.as_mut(), &mut batches, at).await?;
            at = gathered.to;
            let events = beyond(&gathered.events, stored);
            if !events.is_empty() || at.receipt >= stored.receipt + QUIET_RECEIPTS {
                stored = self.take_up(events, stored, at).await?;
                self.pause = FIRST_PAUSE;
            }
            let few = !gathered.events.is_empty() && gathered.events.len() < CHUNK;
            self.consumer.handled(gathered.read, at.sequence);
            self.progress.change(|progress| progress.read = gathered.read);
            let lingers = self.model.lingers();
            if few && !lingers.is_zero() {
                // What comes meanwhile is read at once then.
                self.clock.sleep(lingers).await;
            }
        }
    }

    /// Waits for records and takes as many whole batches as came at once. It does not ask whether more is there:
    /// a log may need a while to say no, and these are waited for.
    async fn gather(
        &self,
        reader: &mut dyn Reader,
        batches: &mut Batches,
        from: Position,
    ) -> Result<Gathered, Stopped> {
        let mut gathered = Gathered {
            events: Vec::new(),
            to: from,
            read: from.next,
        };
        let mut open = false;
        loop {
            let chunk = reader.next(CHUNK).await?;
            for stored in &chunk.records {
                let batch = batches.push(stored)?;
                open = batch.is_none();
                if let Some(mut batch) = batch {
                    gathered.to = Position::behind(&batch);
                    gathered.events.append(&mut batch.events);
                }
            }
            if let Some(oldest) = gathered.events.first() {
                self.consumer.reading(oldest.time, chunk.next);
            }
            if !open {
                // The log may have moved on over what is never read: on Kafka each commit leaves a mark.
                gathered.read = chunk.next;
                return Ok(gathered);
            }
            gathered.read = gathered.to.next;
            if !gathered.events.is_empty() {
                // The rest of a batch is under way; what is whole need not wait for it.
                return Ok(gathered);
            }
        }
    }

    /// Answers with where the rows stand then: at `to`, or further where another process carries the same events into
    /// them.
    async fn take_up(
        &mut self,
        events: &[Event],
        from: Position,
        to: Position,
    ) -> Result<Position, StoreFailure> {
        let _spans = spans::of_events(self.model.name(), events);
        let applied = if plant::on(Bug::PositionOutsideTransaction) {
            let applied = self.model.apply(&self.source, events, from).await?;
            self.model.apply(&self.source, &[], to).await?;
            applied
        } else if plant::on(Bug::ProjectionSkipsAfterCrash) {
            self.model.apply(&self.source, &[], to).await?;
            self.model.apply(&self.source, events, to).await?
        } else {
            self.model.apply(&self.source, events, to).await?
        };
        let stands = match applied.overtaken {
            None => to,
            Some(stands) => self.go_on(events, stands, to).await?,
        };
        // Before anybody is told: whoever waited for these events finds the count with them.
        if applied.parked > 0 || self.parked > 0 || applied.overtaken.is_some() {
            self.count_parked().await?;
        }
        self.publish(stands);
        Ok(stands)
    }

    /// Takes up what those who were faster have left.
    async fn go_on(
        &self,
        events: &[Event],
        mut stands: Position,
        to: Position,
    ) -> Result<Position, StoreFailure> {
        loop {
            let rest = beyond(events, stands);
            if rest.is_empty() {
                return Ok(stands);
            }
            if rest.len() == events.len() {
                return Err(StoreFailure {
                    model: self.model.name().to_owned(),
                    what: format!("go on with {}", self.source),
                    why: "its position has gone back; it is read again".to_owned(),
                });
            }
            match self.model.apply(&self.source, rest, to).await?.overtaken {
                None => return Ok(to),
                Some(further) => stands = further,
            }
        }
    }

    async fn count_parked(&mut self) -> Result<(), StoreFailure> {
        self.parked = self.model.parked_count(&self.source).await?;
        self.consumer.parked(self.parked);
        Ok(())
    }

    fn publish(&self, at: Position) {
        self.progress.change(|progress| {
            *progress = Progress {
                incarnation: at.incarnation,
                sequence: at.sequence,
                read: at.next,
            };
        });
    }
}

/// The events that come after a position.
fn beyond(events: &[Event], position: Position) -> &[Event] {
    &events[events.partition_point(|event| event.sequence <= position.sequence)..]
}
