//! The newest records of a partition, kept in memory for the readers that have caught up.

use crate::{Record, Stored, lock};
use std::{collections::VecDeque, sync::Mutex};
use tokio::sync::watch;

/// Bytes kept a partition. A process has some dozens of them.
const KEPT: usize = 256 << 10;

pub(crate) struct Tail {
    end: watch::Sender<u64>,
    newest: Mutex<Newest>,
}

struct Newest {
    /// Everything from this offset on is here; nothing where it is not known what came before.
    from: Option<u64>,
    records: VecDeque<Stored>,
    bytes: usize,
}

impl Newest {
    fn from(from: Option<u64>) -> Self {
        Self {
            from,
            records: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl Tail {
    /// Of a partition that ends here.
    #[cfg(feature = "embedded")]
    pub(crate) fn new(end: u64) -> Self {
        Self {
            end: watch::Sender::new(end),
            newest: Mutex::new(Newest::from(Some(end))),
        }
    }

    /// Of a partition whose end is not known: it begins with the next records.
    #[cfg(feature = "kafka")]
    pub(crate) fn unknown() -> Self {
        Self {
            end: watch::Sender::new(0),
            newest: Mutex::new(Newest::from(None)),
        }
    }

    #[cfg(feature = "embedded")]
    pub(crate) fn end(&self) -> u64 {
        *self.end.borrow()
    }

    /// Hears of everything that changes here.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Takes up what has become durable, and wakes the readers. Between these records and the last ones there are
    /// none in the partition, and never will be.
    pub(crate) fn extend(&self, records: impl IntoIterator<Item = Stored>) {
        let mut end = *self.end.borrow();
        {
            let mut newest = lock(&self.newest);
            for stored in records {
                newest.from.get_or_insert(stored.offset);
                end = stored.offset + 1;
                newest.bytes += weight(&stored.record);
                newest.records.push_back(stored);
            }
            while newest.bytes > KEPT {
                let Some(oldest) = newest.records.pop_front() else {
                    break;
                };
                newest.bytes -= weight(&oldest.record);
                newest.from = Some(oldest.offset + 1);
            }
        }
        self.end.send_replace(end);
    }

    /// After a failed write: the end as the files have it; what is in memory may not be there.
    #[cfg(feature = "embedded")]
    pub(crate) fn reload(&self, end: u64) {
        *lock(&self.newest) = Newest::from(Some(end));
        self.end.send_replace(end);
    }

    /// Somebody else may write from now on: what follows is not known, until there are records again.
    #[cfg(feature = "kafka")]
    pub(crate) fn forget(&self) {
        *lock(&self.newest) = Newest::from(None);
        self.wake();
    }

    /// Has all who have subscribed look again.
    #[cfg(feature = "kafka")]
    pub(crate) fn wake(&self) {
        self.end.send_modify(|_| {});
    }

    /// Up to `max` records from `from` on; nothing where some of them are not here.
    pub(crate) fn copy(&self, from: u64, max: usize) -> Option<Vec<Stored>> {
        let newest = lock(&self.newest);
        if newest.from.is_none_or(|first| from < first) {
            return None;
        }
        let skip = newest.records.partition_point(|stored| stored.offset < from);
        Some(newest.records.iter().skip(skip).take(max).cloned().collect())
    }
}

/// What a record takes in memory, about: its bytes, itself and its headers' handles.
fn weight(record: &Record) -> usize {
    record.size() + size_of::<Stored>() + record.headers.len() * size_of::<crate::Header>()
}

#[cfg(all(test, feature = "embedded", feature = "kafka"))]
mod tests {
    use super::*;

    fn stored(offsets: impl IntoIterator<Item = u64>) -> Vec<Stored> {
        let stored = |offset| Stored {
            offset,
            record: Record::default(),
        };
        offsets.into_iter().map(stored).collect()
    }

    #[test]
    fn readers_that_are_far_enough_find_all_and_others_nothing() {
        let tail = Tail::unknown();
        assert_eq!(tail.copy(0, 9), None, "nobody knows what is there");
        tail.extend(stored([5, 6]));
        tail.extend(stored([8]));
        assert_eq!(tail.copy(4, 9), None, "there may be something at 4");
        assert_eq!(tail.copy(5, 9), Some(stored([5, 6, 8])));
        assert_eq!(tail.copy(5, 2), Some(stored([5, 6])));
        assert_eq!(tail.copy(7, 9), Some(stored([8])), "7 is a marker");
        assert_eq!(tail.copy(9, 9), Some(Vec::new()));
    }

    #[test]
    fn what_was_there_before_another_writer_is_not_mixed_with_what_comes_after() {
        let tail = Tail::unknown();
        tail.extend(stored([5, 6]));
        tail.forget();
        assert_eq!(tail.copy(6, 9), None);
        tail.extend(stored([20]));
        assert_eq!(tail.copy(7, 9), None, "the other one may have written 7 to 19");
        assert_eq!(tail.copy(20, 9), Some(stored([20])));
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let tail = Tail::new(0);
        assert_eq!(tail.copy(0, 9), Some(Vec::new()));
        let many = (KEPT / weight(&Record::default())) as u64 + 10;
        tail.extend(stored(0..many));
        assert_eq!(tail.copy(0, 9), None);
        let kept = tail.copy(10, usize::MAX).map(|records| records.len() as u64);
        assert_eq!(kept, Some(many - 10));
    }
}
