//! What is open, as the log says: workers look here what a job is about.

use crate::domain::event::OperationRequested;
use interstate_jobs::Cause;
use interstate_schemas::{OperationId, PaymentId};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// An operation that waits for its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Open {
    pub(super) payment: PaymentId,
    pub(super) request: OperationRequested,
    /// The event that requested it.
    pub(super) cause: Cause,
    /// Whether somebody may have sent it before: then the provider is asked for it first.
    pub(super) resumed: bool,
}

/// What a worker finds when it comes for an operation.
pub(super) enum Found<'d> {
    /// It is open, and this worker's until the value is dropped.
    Open(Held<'d>),
    /// Its end stands in the log, or it never was.
    Closed,
    /// Somebody here is at it.
    UnderWay,
    /// The log has not been read so far.
    NotRead,
}

/// The operations of all partitions that are followed here.
pub(super) struct Desk {
    inner: Mutex<Inner>,
    /// Changes with each batch.
    read: watch::Sender<()>,
}

#[derive(Default)]
struct Inner {
    open: BTreeMap<OperationId, Open>,
    under_way: BTreeSet<OperationId>,
    /// The last event that was read of each partition; nothing before its end was reached once.
    read: BTreeMap<u32, u64>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::default(),
            read: watch::channel(()).0,
        }
    }

    /// A partition is read anew: what was known of it does not count until then.
    pub(super) fn forget(&self, partition: u32) {
        let mut inner = self.lock();
        inner.read.remove(&partition);
        inner.open.retain(|_, open| open.cause.partition != partition);
    }

    /// The partition was read to this event, with these operations requested and those closed.
    pub(super) fn learn(&self, partition: u32, to: u64, opened: &[Open], closed: &[OperationId]) {
        let mut inner = self.lock();
        let opened = opened.iter().map(|open| (open.request.operation, open.clone()));
        inner.open.extend(opened);
        for operation in closed {
            inner.open.remove(operation);
        }
        inner.read.insert(partition, to);
        drop(inner);
        self.read.send_replace(());
    }

    /// What there is to do for a job.
    pub(super) fn find(&self, operation: OperationId, cause: Cause) -> Found<'_> {
        let mut inner = self.lock();
        let Some(open) = inner.open.get(&operation).cloned() else {
            let read = inner.read.get(&cause.partition);
            return match read.is_some_and(|read| *read >= cause.sequence) {
                true => Found::Closed,
                false => Found::NotRead,
            };
        };
        if !inner.under_way.insert(operation) {
            return Found::UnderWay;
        }
        Found::Open(Held { desk: self, open })
    }

    /// What is asked for by this id, if it is open.
    pub(super) fn get(&self, operation: OperationId) -> Option<Open> {
        self.lock().open.get(&operation).cloned()
    }

    /// Changes with each batch that is read.
    pub(super) fn progress(&self) -> watch::Receiver<()> {
        self.read.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation that one worker of this process is at.
pub(super) struct Held<'d> {
    desk: &'d Desk,
    pub(super) open: Open,
}

impl Held<'_> {
    /// Its payment knows the end, which may be read in the log only later.
    pub(super) fn closed(&self) {
        self.desk.lock().open.remove(&self.open.request.operation);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.desk.lock().under_way.remove(&self.open.request.operation);
    }
}
