//! A bounded queue in memory that stands for a commands topic: a record stays until its batch is durable.

use crate::{Chunk, Delivery, LogError, Reader, Record, Stored};
use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, oneshot, watch};

pub(super) struct Queue {
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
}

impl Queue {
    pub(super) fn new(name: String, capacity: usize) -> Self {
        Self {
            name,
            capacity,
            state: Mutex::default(),
            end: watch::Sender::new(0),
            room: Notify::new(),
        }
    }

    pub(super) fn end(&self) -> u64 {
        *self.end.borrow()
    }

    fn push_within(&self, record: Record, limit: usize) -> Result<Delivery, Record> {
        let mut state = super::lock(&self.state);
        if state.waiting.len() >= limit {
            return Err(record);
        }
        let (handled, delivery) = oneshot::channel();
        state.waiting.push_back((record, handled));
        self.end.send_replace(state.first + state.waiting.len() as u64);
        Ok(delivery)
    }

    pub(super) fn try_push(&self, record: Record) -> Result<Delivery, LogError> {
        self.push_within(record, self.capacity)
            .map_err(|_| LogError::Overloaded(self.name.clone()))
    }

    pub(super) async fn push(&self, mut record: Record) -> Result<Delivery, LogError> {
        loop {
            let room = self.room.notified();
            match self.push_within(record, self.capacity * 2) {
                Ok(delivery) => return Ok(delivery),
                Err(back) => record = back,
            }
            room.await;
        }
    }

    fn copy(&self, from: u64, max: usize) -> Vec<Stored> {
        let state = super::lock(&self.state);
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

    fn handled(&self, position: u64) {
        let mut state = super::lock(&self.state);
        while state.first < position {
            let Some((_, handled)) = state.waiting.pop_front() else {
                break;
            };
            state.first += 1;
            let _ = handled.send(Ok(()));
        }
        drop(state);
        self.room.notify_waiters();
    }

    fn first(&self) -> u64 {
        super::lock(&self.state).first
    }
}

/// Reads from the first record that nobody has handled.
pub(super) struct QueueReader {
    wake: watch::Receiver<u64>,
    next: u64,
    queue: Arc<Queue>,
}

impl QueueReader {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self {
            wake: queue.end.subscribe(),
            next: queue.first(),
            queue,
        }
    }
}

#[async_trait]
impl Reader for QueueReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        let next = self.next;
        self.wake
            .wait_for(|end| *end > next)
            .await
            .map_err(|_| LogError::Closed)?;
        self.poll(max).await
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        let records = self.queue.copy(self.next, max);
        self.next = records.last().map_or(self.next, |last| last.offset + 1);
        Ok(Chunk {
            records,
            next: self.next,
        })
    }

    fn handled(&mut self, position: u64) {
        self.queue.handled(position);
    }
}
