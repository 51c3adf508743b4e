//! Which operations are handed on when.

use super::{
    desk::Open,
    queue::{LOOK, Queue, REISSUE},
};
use interstate_schemas::OperationId;
use std::{collections::BTreeMap, time::Instant};

/// What this process has to hand on of one partition: in the process each operation once; by a shared queue what is open
/// when the partition comes here, what is requested from then on, and each again that stays open for long.
pub(super) struct Issue<'q> {
    queue: &'q Queue,
    partition: u32,
    /// Whether others may take what is handed on.
    pub(super) is_shared: bool,
    ours: bool,
    looked: Option<Instant>,
    /// What is open, and since when it has a job of this process. Nothing where the queue is not shared.
    open: BTreeMap<OperationId, (Open, Option<Instant>)>,
}

impl<'q> Issue<'q> {
    pub(super) fn new(queue: &'q Queue, partition: u32) -> Self {
        Self {
            queue,
            partition,
            is_shared: queue.jobs.is_shared(),
            ours: false,
            looked: None,
            open: BTreeMap::new(),
        }
    }

    /// What has to be handed on now.
    pub(super) fn due(&mut self, fresh: Vec<Open>, closed: &[OperationId]) -> Vec<Open> {
        if !self.is_shared {
            return fresh;
        }
        self.at(Instant::now(), fresh, closed)
    }

    fn at(&mut self, now: Instant, fresh: Vec<Open>, closed: &[OperationId]) -> Vec<Open> {
        for operation in closed {
            self.open.remove(operation);
        }
        let came: Vec<OperationId> = fresh.iter().map(|open| open.request.operation).collect();
        let fresh = fresh.into_iter();
        self.open
            .extend(fresh.map(|open| (open.request.operation, (open, None))));
        let looks = self
            .looked
            .is_none_or(|looked| now.saturating_duration_since(looked) >= LOOK);
        if looks {
            self.look(now);
        }
        if !self.ours {
            return Vec::new();
        }
        let due = |issued: &Option<Instant>| {
            issued.is_none_or(|issued| now.saturating_duration_since(issued) >= REISSUE)
        };
        // All of them are gone through once a second, not with each batch.
        let ids: Vec<OperationId> = match looks {
            true => self.open.keys().copied().collect(),
            false => came,
        };
        let mut issued = Vec::new();
        for id in ids {
            if let Some((open, since)) = self.open.get_mut(&id)
                && due(since)
            {
                *since = Some(now);
                issued.push(open.clone());
                // The next job for it is not the first.
                open.resumed = true;
            }
        }
        issued
    }

    /// Whether the partition is this process's now. One that comes brings operations whose jobs nobody may have made.
    fn look(&mut self, now: Instant) {
        let before = std::mem::replace(&mut self.ours, (self.queue.hands_on)(self.partition));
        self.looked = Some(now);
        if self.ours && !before {
            for (_, since) in self.open.values_mut() {
                *since = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OperationKind, Purpose, event::OperationRequested};
    use interstate_eventing::runtime::MachineClock;
    use interstate_jobs::Cause;
    use interstate_schemas::{BookingId, Money, PaymentId};
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    fn open(n: u8) -> Open {
        Open {
            payment: PaymentId::from(BookingId::derive(1, &[&[n]])),
            request: OperationRequested {
                operation: OperationId::derive(1, &[&[n]]),
                kind: OperationKind::Void,
                purpose: Purpose::Advance,
                amount: Money::rupees(1),
                method: None,
                provider_reference: None,
            },
            cause: Cause {
                partition: 0,
                sequence: n.into(),
            },
            resumed: false,
        }
    }

    fn issued(open: &[Open]) -> Vec<(u64, bool)> {
        let mut issued: Vec<_> = open
            .iter()
            .map(|open| (open.cause.sequence, open.resumed))
            .collect();
        issued.sort_unstable();
        issued
    }

    #[test]
    fn only_the_owner_hands_on_and_a_new_one_everything_that_is_open() {
        let ours = Arc::new(AtomicBool::new(false));
        let asked = ours.clone();
        let queue = Queue {
            hands_on: Arc::new(move |_| asked.load(Ordering::Relaxed)),
            ..Queue::in_process(Arc::new(MachineClock::real()))
        };
        let mut issue = Issue::new(&queue, 0);
        let start = Instant::now();
        assert_eq!(issued(&issue.at(start, vec![open(1), open(2)], &[])), []);
        ours.store(true, Ordering::Relaxed);
        let closed = [open(2).request.operation];
        assert_eq!(
            issued(&issue.at(start + LOOK, vec![open(3)], &closed)),
            [(1, false), (3, false)]
        );
        assert_eq!(issued(&issue.at(start + LOOK, vec![open(4)], &[])), [(4, false)]);
        assert_eq!(issued(&issue.at(start + LOOK * 2, vec![], &[])), []);

        let late = start + LOOK * 2 + REISSUE;
        let closed = [open(3).request.operation];
        assert_eq!(issued(&issue.at(late, vec![], &closed)), [(1, true), (4, true)]);

        ours.store(false, Ordering::Relaxed);
        assert_eq!(issued(&issue.at(late + LOOK, vec![open(5)], &[])), []);
        ours.store(true, Ordering::Relaxed);
        let back = issue.at(late + LOOK * 2, vec![], &[]);
        assert_eq!(issued(&back), [(1, true), (4, true), (5, false)]);
    }
}
