//! What the log says of the operations of one partition: which are open, and since when.

use super::desk::Open;
use crate::{
    SERVICE,
    domain::{Payment, PaymentEvent},
};
use interstate_eventing::{
    Aggregate, Batch, BatchError, Batches, DomainEvent,
    projection::{Consumer, Position},
};
use interstate_jobs::Cause;
use interstate_log::{Chunk, LogError};
use interstate_schemas::{OperationId, Timestamp};
use std::{collections::BTreeMap, io};

/// Why a partition's events cannot be followed for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interrupted {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error("the position cannot be kept: {0}")]
    Position(#[from] io::Error),
    #[error("event {0} of {1} cannot be read: {2}")]
    Unreadable(u64, String, interstate_eventing::DecodeError),
}

/// What is known of one partition.
pub(super) struct Followed {
    pub partition: u32,
    batches: Batches,
    /// Behind the last batch.
    pub position: Position,
    /// Whether the last record read is in the middle of a batch.
    half: bool,
    /// Below this offset there is nothing more to read: behind the last batch, and the marks that follow it.
    read: u64,
    /// Requested and not closed, with the position before the batch that requested it, and when that was.
    open: BTreeMap<OperationId, (Position, Timestamp)>,
    /// Requested; the desk has not been told yet.
    fresh: BTreeMap<OperationId, Open>,
    /// Closed since the desk was last told.
    pub closed: Vec<OperationId>,
}

impl Followed {
    pub fn new(partition: u32, from: Position) -> Self {
        Self {
            partition,
            batches: Batches::new(SERVICE.into(), partition, from.sequence, from.receipt),
            position: from,
            half: false,
            read: from.next,
            open: BTreeMap::new(),
            fresh: BTreeMap::new(),
            closed: Vec::new(),
        }
    }

    pub fn take(&mut self, chunk: Chunk, resumed: bool) -> Result<(), Interrupted> {
        for stored in &chunk.records {
            let batch = self.batches.push(stored)?;
            self.half = batch.is_none();
            if let Some(batch) = batch {
                self.batch(&batch, resumed)?;
                self.position = Position::behind(&batch);
            }
        }
        if !self.half {
            self.read = chunk.next;
        }
        Ok(())
    }

    fn batch(&mut self, batch: &Batch, resumed: bool) -> Result<(), Interrupted> {
        for event in &batch.events {
            let known = <Payment as Aggregate>::Event::TYPES.contains(&event.event_type.as_ref());
            if event.aggregate != Payment::NAME || !known {
                continue;
            }
            let unreadable = |error| Interrupted::Unreadable(event.sequence, event.subject.clone(), error);
            match event.decode::<PaymentEvent>().map_err(unreadable)? {
                PaymentEvent::OperationRequested(request) => {
                    let Ok(payment) = event.subject.parse() else {
                        continue;
                    };
                    self.open.insert(request.operation, (self.position, event.time));
                    self.fresh.insert(
                        request.operation,
                        Open {
                            payment,
                            request,
                            cause: Cause {
                                partition: self.partition,
                                sequence: event.sequence,
                            },
                            resumed,
                        },
                    );
                }
                PaymentEvent::OperationClosed(closed) => {
                    self.open.remove(&closed.operation);
                    self.fresh.remove(&closed.operation);
                    self.closed.push(closed.operation);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Never past an operation that is still open.
    pub fn low_water(&self) -> Position {
        self.oldest().map_or(self.position, |(position, _)| position)
    }

    fn oldest(&self) -> Option<(Position, Timestamp)> {
        self.open
            .values()
            .min_by_key(|(position, _)| position.next)
            .copied()
    }

    /// Shows how far it is, and since when the oldest open operation waits.
    pub fn show(&self, consumer: &Consumer) {
        match self.oldest() {
            Some((low, since)) => {
                consumer.handled(low.next, low.sequence);
                consumer.reading(since, self.read);
            }
            None => consumer.handled(self.read, self.position.sequence),
        }
    }

    pub fn fresh(&mut self) -> Vec<Open> {
        std::mem::take(&mut self.fresh).into_values().collect()
    }
}
