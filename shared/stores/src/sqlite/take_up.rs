//! Events into rows, within the transaction that moves the position.

use super::{
    Projection, ProjectionError, parked,
    position::move_position,
    waiting::Waiting,
    writer::{Batch, TakeUp},
};
use interstate_eventing::{
    Event,
    projection::{Applied, Parked, Position, Retried},
};
use interstate_log::PartitionId;
use rusqlite::Connection;
use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc};
use tokio::sync::oneshot;

/// Events of one partition, and where they end.
pub(crate) struct Events<P> {
    pub projection: Arc<P>,
    pub waiting: Arc<Waiting>,
    pub source: PartitionId,
    pub events: Vec<Event>,
    pub to: Position,
    pub applied: Applied,
}

impl<P: Projection> Events<P> {
    /// All of them, as long as none fails.
    pub fn whole(&mut self, tx: &Connection) -> Result<(), ProjectionError> {
        self.applied = Applied::default();
        let waiting = self.waiting.of(tx, P::NAME, &self.source)?;
        let (behind, free): (Vec<&Event>, Vec<&Event>) = self
            .events
            .iter()
            .partition(|event| waiting.contains(&event.subject));
        for event in behind {
            parked::insert(tx, P::NAME, &self.source, &Parked::behind(event))?;
            self.applied.parked += 1;
        }
        caught(|| self.projection.apply_all(tx, &free))?;
        Ok(move_position(tx, P::NAME, &self.source, self.from(), self.to)?)
    }

    /// Each behind a savepoint of its own; what fails is parked.
    pub fn each(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        self.applied = Applied::default();
        let mut waiting = HashSet::clone(&*self.waiting.of(tx, P::NAME, &self.source)?);
        for event in &self.events {
            if let Some(parked) = take_or_park(&*self.projection, tx, event, &waiting)? {
                tracing::warn!(projection = P::NAME, source = %self.source, sequence = event.sequence,
                    subject = event.subject, reason = parked.reason, "an event is parked");
                parked::insert(tx, P::NAME, &self.source, &parked)?;
                waiting.insert(event.subject.clone());
                self.applied.parked += 1;
            }
        }
        move_position(tx, P::NAME, &self.source, self.from(), self.to)
    }

    /// Where the position must stand before these events.
    fn from(&self) -> u64 {
        let first = self.events.first();
        first.map_or(self.to.sequence, |event| event.sequence - 1)
    }

    /// What is parked may have changed, also where it was taken back.
    pub fn ended(&self, well: bool) {
        if !well || self.applied.parked > 0 {
            self.waiting.forget();
        }
    }

    /// They are committed, or nothing of them happened; whoever watches the rows is told.
    pub fn settled(&self, rows: &Connection, well: bool) {
        self.ended(well);
        if well {
            self.projection.committed(rows);
        }
    }
}

impl<P: Projection> TakeUp for Events<P> {
    fn take_up(&mut self, tx: &Connection) -> Result<(), ProjectionError> {
        self.whole(tx)
    }

    fn take_up_each(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        self.each(tx)
    }
}

/// The same with somebody who waits for it.
pub(crate) struct Asked<P> {
    pub events: Events<P>,
    pub answer: oneshot::Sender<rusqlite::Result<Applied>>,
}

impl<P: Projection> TakeUp for Asked<P> {
    fn take_up(&mut self, tx: &Connection) -> Result<(), ProjectionError> {
        self.events.whole(tx)
    }

    fn take_up_each(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        self.events.each(tx)
    }
}

impl<P: Projection> Batch for Asked<P> {
    fn done(self: Box<Self>, rows: &Connection, how: rusqlite::Result<()>) {
        self.events.settled(rows, how.is_ok());
        // A runner that was dropped finds the position moved when it begins again.
        let _ = self.answer.send(how.map(|()| self.events.applied));
    }
}

/// Takes what is parked up again, each subject as far as it goes.
pub(crate) fn retry<P: Projection>(
    tx: &Connection,
    projection: &P,
    source: &PartitionId,
) -> rusqlite::Result<Retried> {
    let mut waiting = HashSet::new();
    let mut retried = Retried::default();
    for Parked { event, .. } in &parked::of(tx, P::NAME, source)? {
        parked::delete(tx, P::NAME, source, event.sequence)?;
        match take_or_park(projection, tx, event, &waiting)? {
            None => retried.handled += 1,
            Some(parked) => {
                parked::insert(tx, P::NAME, source, &parked)?;
                waiting.insert(event.subject.clone());
                retried.parked += 1;
            }
        }
    }
    Ok(retried)
}

/// Takes an event up, or says why it has to be parked.
fn take_or_park<P: Projection>(
    projection: &P,
    tx: &Connection,
    event: &Event,
    waiting: &HashSet<String>,
) -> rusqlite::Result<Option<Parked>> {
    if waiting.contains(&event.subject) {
        return Ok(Some(Parked::behind(event)));
    }
    tx.execute_batch("SAVEPOINT event")?;
    match caught(|| projection.apply(tx, event)) {
        Ok(()) => {
            tx.execute_batch("RELEASE event")?;
            Ok(None)
        }
        Err(ProjectionError::Store(error)) => Err(error),
        Err(ProjectionError::Event(reason)) => {
            tx.execute_batch("ROLLBACK TO event; RELEASE event")?;
            Ok(Some(Parked::failed(event, reason)))
        }
    }
}

/// A panic is the event's failure: one bad event must not end the thread that writes.
fn caught(apply: impl FnOnce() -> Result<(), ProjectionError>) -> Result<(), ProjectionError> {
    std::panic::catch_unwind(AssertUnwindSafe(apply))
        .unwrap_or_else(|_| Err(ProjectionError::event("the projection panicked")))
}
