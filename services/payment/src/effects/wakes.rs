//! Wakes whoever waits for an operation, so that a webhook saves the wait for the next look.

use interstate_schemas::OperationId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use tokio::sync::{Notify, mpsc};

/// Webhooks of operations that nobody here waits for, which are looked at in turn; more only save less time.
const MOST: usize = 1_000;

/// Operations that are being carried out here. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Wakes(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<HashMap<OperationId, Arc<Notify>>>,
    others: OnceLock<mpsc::Sender<OperationId>>,
}

impl Wakes {
    /// Wakes whoever waits for this operation. One that nobody here waits for is none of ours, or not yet, or its job
    /// is in a queue: then it is given another one, and otherwise it is looked at when its turn comes anyway.
    pub fn wake(&self, operation: OperationId) {
        if let Some(waiting) = self.all().get(&operation) {
            waiting.notify_one();
        } else if let Some(others) = self.0.others.get() {
            let _ = others.try_send(operation);
        }
    }

    /// From now on, those that nobody here waits for.
    pub(super) fn others(&self) -> mpsc::Receiver<OperationId> {
        let (tell, told) = mpsc::channel(MOST);
        let _ = self.0.others.set(tell);
        told
    }

    pub(super) fn register(&self, operation: OperationId) -> Registered {
        Registered {
            woken: self.all().entry(operation).or_default().clone(),
            wakes: self.clone(),
            operation,
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<OperationId, Arc<Notify>>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits, until it is dropped.
pub(super) struct Registered {
    wakes: Wakes,
    operation: OperationId,
    woken: Arc<Notify>,
}

impl Registered {
    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.wakes.all().remove(&self.operation);
    }
}
