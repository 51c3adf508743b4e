//! Wakes whoever waits for an operation, so that a webhook saves the wait for the next look.

use interstate_schemas::OperationId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Operations that are being carried out here. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Wakes(Arc<Mutex<HashMap<OperationId, Arc<Notify>>>>);

impl Wakes {
    /// Wakes whoever waits for this operation. One that nobody here waits for is none of ours, or not yet: it
    /// is looked at when its turn comes anyway.
    pub fn wake(&self, operation: OperationId) {
        if let Some(waiting) = self.all().get(&operation) {
            waiting.notify_one();
        }
    }

    pub(super) fn register(&self, operation: OperationId) -> Arc<Notify> {
        self.all().entry(operation).or_default().clone()
    }

    pub(super) fn forget(&self, operation: OperationId) {
        self.all().remove(&operation);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<OperationId, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
