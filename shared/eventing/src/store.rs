//! Where a task keeps its cache of the partition: an ordered map of bytes on this machine's disk.
//!
//! Losing it costs a replay, never a fact. It is written by whole receipts, so that what is in it is always
//! the partition as of one of them.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, PoisonError},
};

/// A key with its new value, or nothing to remove it.
pub type Put = (Vec<u8>, Option<Vec<u8>>);

/// Why the cache failed. The task goes on without it after a replay.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the state cache failed: {0}")]
pub struct StoreError(pub String);

/// All rows as they were at one moment.
pub type Rows = Box<dyn Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + Send>;

/// An ordered map of bytes.
pub trait StateStore: Send {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Hands out all entries with this prefix, in order, until told to stop.
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;

    /// All entries in order, as they are now, whatever is written while they are read.
    fn rows(&self) -> Rows;

    /// Writes all or nothing.
    fn write(&mut self, puts: Vec<Put>) -> Result<(), StoreError>;

    /// Throws everything away.
    fn clear(&mut self) -> Result<(), StoreError>;
}

/// A cache in memory, for tests and simulations. Clones share it, as processes share a disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>,
}

impl StateStore for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .rows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned())
    }

    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (Bound::Included(prefix.to_vec()), Bound::Unbounded);
        for (key, value) in rows.range(from).take_while(|(key, _)| key.starts_with(prefix)) {
            if !each(key, value) {
                break;
            }
        }
        Ok(())
    }

    fn rows(&self) -> Rows {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        Box::new(rows.clone().into_iter().map(Ok))
    }

    fn write(&mut self, puts: Vec<Put>) -> Result<(), StoreError> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in puts {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }
}

#[cfg(feature = "fjall")]
mod on_disk;
#[cfg(feature = "fjall")]
pub use on_disk::{FjallCaches, FjallStore};
