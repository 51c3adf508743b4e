//! The newest records of a partition, kept in memory for the readers that have caught up.

use crate::{Record, Stored};
use std::{collections::VecDeque, sync::Mutex};
use tokio::sync::watch;

/// Bytes kept a partition. A process has some dozens of them.
const KEPT: usize = 256 << 10;

pub(crate) struct Tail {
    end: watch::Sender<u64>,
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    records: VecDeque<Stored>,
    bytes: usize,
}

impl Tail {
    pub(super) fn new(end: u64) -> Self {
        Self {
            end: watch::Sender::new(end),
            newest: Mutex::default(),
        }
    }

    pub(super) fn end(&self) -> u64 {
        *self.end.borrow()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Takes up what has become durable, and wakes the readers.
    pub(super) fn extend(&self, from: u64, records: Vec<Record>) {
        let end = from + records.len() as u64;
        {
            let mut newest = super::lock(&self.newest);
            for (offset, record) in (from..).zip(records) {
                newest.bytes += weight(&record);
                newest.records.push_back(Stored { offset, record });
            }
            while newest.bytes > KEPT {
                let Some(oldest) = newest.records.pop_front() else {
                    break;
                };
                newest.bytes -= weight(&oldest.record);
            }
        }
        self.end.send_replace(end);
    }

    /// After a failed write: the end as the files have it; what is in memory may not be there.
    pub(super) fn reload(&self, end: u64) {
        *super::lock(&self.newest) = Newest::default();
        self.end.send_replace(end);
    }

    /// Up to `max` records from `from` on, where they are still here.
    pub(super) fn copy(&self, from: u64, max: usize) -> Option<Vec<Stored>> {
        let newest = super::lock(&self.newest);
        let first = newest.records.front()?.offset;
        let skip = usize::try_from(from.checked_sub(first)?).ok()?;
        let found: Vec<Stored> = newest.records.iter().skip(skip).take(max).cloned().collect();
        (!found.is_empty()).then_some(found)
    }
}

/// What a record takes in memory, about: its bytes, itself and its headers' handles.
fn weight(record: &Record) -> usize {
    record.size() + size_of::<Stored>() + record.headers.len() * size_of::<crate::Header>()
}
