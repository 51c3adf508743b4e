//! Whether a service can do its work, and why not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What keeps a service from being ready. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<String, String>>>);

impl Readiness {
    /// Ready as soon as nothing blocks; a service that starts blocks first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Not ready because of `part` (`partition-3`, `read-model`), for this reason.
    pub fn block(&self, part: impl Into<String>, reason: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(part.into(), reason.into());
    }

    /// `part` works.
    pub fn clear(&self, part: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(part);
    }

    /// Whether nothing blocks.
    pub fn is_ready(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// What blocks: the part and the reason.
    pub fn reasons(&self) -> BTreeMap<String, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
