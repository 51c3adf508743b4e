//! With commands in memory, the backlog of an outage is what its senders send again: deadlines wait for it.

use crate::latest::{Latest, Seen};
use interstate_log::PartitionId;
use std::{collections::BTreeSet, sync::Arc};

/// Which partitions have sent again what they had not finished sending.
#[derive(Clone)]
pub(crate) struct Resent {
    done: Arc<Latest<BTreeSet<PartitionId>>>,
    seen: Seen<BTreeSet<PartitionId>>,
    expected: usize,
}

impl Resent {
    pub(crate) fn new(expected: usize) -> Self {
        let done = Arc::new(Latest::new(BTreeSet::new()));
        Self {
            seen: done.seen(),
            done,
            expected,
        }
    }

    pub(crate) fn mark(&self, partition: &PartitionId) {
        self.done.change(|done| {
            done.insert(partition.clone());
        });
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.seen.look(|done| done.len() >= self.expected)
    }

    pub(crate) async fn complete(&self) {
        // Its owner lives in `self`, so the wait cannot be in vain.
        self.seen.wait_for(|done| done.len() >= self.expected).await;
    }
}
