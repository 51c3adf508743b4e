//! With commands in memory, the backlog of an outage is what its senders send again: deadlines wait for it.

use interstate_log::PartitionId;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::watch;

/// Which partitions have sent again what they had not finished sending.
#[derive(Clone)]
pub(crate) struct Resent {
    done: Arc<watch::Sender<BTreeSet<PartitionId>>>,
    expected: usize,
}

impl Resent {
    pub(crate) fn new(expected: usize) -> Self {
        Self {
            done: Arc::new(watch::Sender::new(BTreeSet::new())),
            expected,
        }
    }

    pub(crate) fn mark(&self, partition: &PartitionId) {
        self.done.send_if_modified(|done| done.insert(partition.clone()));
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.done.borrow().len() >= self.expected
    }

    pub(crate) async fn complete(&self) {
        let expected = self.expected;
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self
            .done
            .subscribe()
            .wait_for(|done| done.len() >= expected)
            .await;
    }
}
