//! A bounded queue in memory for commands to one partition: a record stays until its batch is durable.

use crate::{Chunk, Delivery, LogError, Reader, Record, Stored, lock};
use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, oneshot, watch};

/// A queue with one reader.
pub struct Queue {
    name: String,
    /// Above it the edge is refused; other tasks wait at twice as much, so that a flood from outside does not
    /// hold up what is under way.
    capacity: usize,
    state: Mutex<State>,
    end: watch::Sender<u64>,
    room: Notify,
}

#[derive(Default)]
struct State {
    /// The offset of the first record that waits.
    first: u64,
    waiting: VecDeque<(Record, oneshot::Sender<Result<(), LogError>>)>,
    /// Nobody will read any more.
    closed: bool,
}

/// Why a record was not taken.
enum Refused {
    Full(Record),
    Closed,
}

impl Queue {
    /// An empty one. At `capacity` records [`Queue::try_push`] refuses, at twice as many [`Queue::push`] waits.
    pub fn new(name: String, capacity: usize) -> Self {
        Self {
            name,
            capacity,
            state: Mutex::default(),
            end: watch::Sender::new(0),
            room: Notify::new(),
        }
    }

    /// How many records were ever pushed.
    pub fn end(&self) -> u64 {
        *self.end.borrow()
    }

    fn push_within(&self, record: Record, limit: usize) -> Result<Delivery, Refused> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= limit {
            return Err(Refused::Full(record));
        }
        let (handled, delivery) = oneshot::channel();
        state.waiting.push_back((record, handled));
        self.end.send_replace(state.first + state.waiting.len() as u64);
        Ok(delivery)
    }

    /// Queues a record, or says at once that there is no room.
    ///
    /// # Errors
    /// [`LogError::Overloaded`], [`LogError::Closed`].
    pub fn try_push(&self, record: Record) -> Result<Delivery, LogError> {
        self.push_within(record, self.capacity)
            .map_err(|refused| match refused {
                Refused::Full(_) => LogError::Overloaded(self.name.clone()),
                Refused::Closed => LogError::Closed,
            })
    }

    /// Queues a record once there is room.
    ///
    /// # Errors
    /// [`LogError::Closed`].
    pub async fn push(&self, mut record: Record) -> Result<Delivery, LogError> {
        loop {
            let room = self.room.notified();
            match self.push_within(record, self.capacity * 2) {
                Ok(delivery) => return Ok(delivery),
                Err(Refused::Closed) => return Err(LogError::Closed),
                Err(Refused::Full(back)) => record = back,
            }
            room.await;
        }
    }

    fn copy(&self, from: u64, max: usize) -> Vec<Stored> {
        let state = lock(&self.state);
        let skip = from.saturating_sub(state.first) as usize;
        let offsets = from.max(state.first)..;
        let waiting = state.waiting.iter().skip(skip).take(max);
        offsets
            .zip(waiting)
            .map(|(offset, (record, _))| Stored {
                offset,
                record: record.clone(),
            })
            .collect()
    }

    fn handled(&self, count: usize) {
        let mut state = lock(&self.state);
        let count = count.min(state.waiting.len());
        for (_, handled) in state.waiting.drain(..count) {
            let _ = handled.send(Ok(()));
        }
        state.first += count as u64;
        drop(state);
        self.room.notify_waiters();
    }

    fn first(&self) -> u64 {
        lock(&self.state).first
    }

    /// Takes no more, and fails what has not been handled.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.room.notify_waiters();
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }
}

/// Reads from the first record that nobody has handled.
pub struct QueueReader {
    wake: watch::Receiver<u64>,
    next: u64,
    queue: Arc<Queue>,
}

impl QueueReader {
    /// Its reader. There is one at a time.
    pub fn new(queue: Arc<Queue>) -> Self {
        Self {
            wake: queue.end.subscribe(),
            next: queue.first(),
            queue,
        }
    }

    /// Waits until there is something to take.
    pub async fn filled(&mut self) {
        let next = self.next;
        // The sender lives as long as the queue, which lives as long as this.
        let _ = self.wake.wait_for(|end| *end > next).await;
    }

    /// What waits, at most `max` records.
    pub fn take(&mut self, max: usize) -> Vec<Stored> {
        let records = self.queue.copy(self.next, max);
        self.next = records.last().map_or(self.next, |last| last.offset + 1);
        records
    }
}

#[async_trait]
impl Reader for QueueReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        self.filled().await;
        self.poll(max).await
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        let records = self.take(max);
        Ok(Chunk {
            records,
            next: self.next,
        })
    }

    fn handled(&mut self, count: usize) {
        self.queue.handled(count);
    }
}
