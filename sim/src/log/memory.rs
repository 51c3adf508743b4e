//! Commands in a process's memory: gone with it.

use super::{Cluster, SimLog};
use crate::{here::Here, sim::lock};
use async_trait::async_trait;
use interstate_log::{Chunk, Delivery, LogError, Reader, Record, Sender, Stored, Topic};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, oneshot, watch};

#[derive(Default)]
struct Waiting {
    first: u64,
    records: VecDeque<(Record, oneshot::Sender<Result<(), LogError>>)>,
}

pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    end: watch::Sender<u64>,
    room: Notify,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            end: watch::Sender::new(0),
            room: Notify::new(),
        }
    }
}

impl Queue {
    pub(super) fn end(&self) -> u64 {
        *self.end.borrow()
    }

    fn push(&self, record: Record, limit: usize) -> Result<Delivery, Record> {
        let mut waiting = lock(&self.waiting);
        if waiting.records.len() >= limit {
            return Err(record);
        }
        let (handled, delivery) = oneshot::channel();
        waiting.records.push_back((record, handled));
        self.end
            .send_replace(waiting.first + waiting.records.len() as u64);
        Ok(delivery)
    }
}

/// Reads from the first record that nobody has handled.
pub(super) struct QueueReader {
    queue: Arc<Queue>,
    here: Here,
    changes: watch::Receiver<u64>,
    next: u64,
}

impl QueueReader {
    pub(super) fn new(queue: Arc<Queue>, here: Here) -> Self {
        let next = lock(&queue.waiting).first;
        Self {
            changes: queue.end.subscribe(),
            next,
            here,
            queue,
        }
    }

    fn take(&mut self, max: usize) -> Chunk {
        let waiting = lock(&self.queue.waiting);
        let skip = self.next.saturating_sub(waiting.first) as usize;
        let from = self.next.max(waiting.first);
        let records: Vec<Stored> = (from..)
            .zip(waiting.records.iter().skip(skip).take(max))
            .map(|(offset, (record, _))| Stored {
                offset,
                record: record.clone(),
            })
            .collect();
        self.next = records.last().map_or(self.next, |last| last.offset + 1);
        Chunk {
            records,
            next: self.next,
        }
    }
}

#[async_trait]
impl Reader for QueueReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        let next = self.next;
        self.changes
            .wait_for(|end| *end > next)
            .await
            .map_err(|_| LogError::Closed)?;
        self.here.pass().await;
        Ok(self.take(max))
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        self.here.pass().await;
        Ok(self.take(max))
    }

    fn handled(&mut self, position: u64) {
        let mut waiting = lock(&self.queue.waiting);
        while waiting.first < position {
            let Some((_, handled)) = waiting.records.pop_front() else {
                break;
            };
            waiting.first += 1;
            let _ = handled.send(Ok(()));
        }
        drop(waiting);
        self.queue.room.notify_waiters();
    }
}

/// Sends into the queues of its own process.
pub(super) struct QueueSender {
    pub(super) cluster: Arc<Cluster>,
    pub(super) here: Here,
    pub(super) topic: Topic,
}

#[async_trait]
impl Sender for QueueSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        SimLog::check_size(&record)?;
        let queue = self.cluster.queue(self.here.process, &self.topic, partition)?;
        let mut record = record;
        loop {
            let room = queue.room.notified();
            match queue.push(record, self.cluster.capacity * 2) {
                Ok(delivery) => return Ok(delivery),
                Err(back) => record = back,
            }
            room.await;
        }
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        SimLog::check_size(&record)?;
        let overloaded = || LogError::Overloaded(self.topic.to_string());
        if self.here.sim.strikes(|faults| faults.full) {
            return Err(overloaded());
        }
        let queue = self.cluster.queue(self.here.process, &self.topic, partition)?;
        queue
            .push(record, self.cluster.capacity)
            .map_err(|_| overloaded())
    }
}
