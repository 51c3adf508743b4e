//! Which subjects have parked events, remembered so that it is not asked for each batch and each query.

use super::parked;
use interstate_log::PartitionId;
use rusqlite::Connection;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Subjects of a projection whose events wait behind one that failed, by partition.
#[derive(Default)]
pub(crate) struct Waiting {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// SQLite's count of what other connections have committed.
    version: i64,
    subjects: HashMap<PartitionId, Arc<HashSet<String>>>,
}

impl Waiting {
    /// As the connection that writes sees it, between or in transactions.
    pub fn of(
        &self,
        writer: &Connection,
        projection: &str,
        source: &PartitionId,
    ) -> rusqlite::Result<Arc<HashSet<String>>> {
        let version = writer
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        let mut known = self.known();
        if known.version != version {
            known.version = version;
            known.subjects.clear();
        }
        if let Some(subjects) = known.subjects.get(source) {
            return Ok(subjects.clone());
        }
        let subjects = Arc::new(parked::subjects(writer, projection, source)?);
        known.subjects.insert(source.clone(), subjects.clone());
        Ok(subjects)
    }

    /// Whether a subject waits, if that is remembered.
    pub fn has(&self, source: &PartitionId, subject: &str) -> Option<bool> {
        let known = self.known();
        known
            .subjects
            .get(source)
            .map(|subjects| subjects.contains(subject))
    }

    /// It changes: it is asked for again.
    pub fn forget(&self) {
        self.known().subjects.clear();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
