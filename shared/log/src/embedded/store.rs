//! The files: one fjall database, records keyed by (partition, offset), topics in a table of their own.

use super::codec;
use crate::{LogError, Record, Stored};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The database and its lock. Only the committer writes records.
pub(super) struct Store {
    dir: PathBuf,
    open: Mutex<Option<Open>>,
    _lock: File,
}

#[derive(Clone)]
struct Open {
    database: Database,
    records: Keyspace,
    topics: Keyspace,
}

impl Store {
    pub(super) fn open(dir: &Path) -> Result<Self, LogError> {
        std::fs::create_dir_all(dir).map_err(|error| LogError::Unreachable {
            at: dir.display().to_string(),
            why: error.to_string(),
        })?;
        let lock = File::create(dir.join("lock")).map_err(|error| io(dir, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LogError::InUse(dir.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(io(dir, &error)),
        }
        let store = Self {
            dir: dir.to_owned(),
            open: Mutex::new(None),
            _lock: lock,
        };
        store.get()?;
        Ok(store)
    }

    /// The database, opened again where a failure has closed it.
    fn get(&self) -> Result<Open, LogError> {
        let mut open = super::lock(&self.open);
        if let Some(open) = &*open {
            return Ok(open.clone());
        }
        let fail = |error| self.failed(&error);
        let database = Database::builder(self.dir.join("db")).open().map_err(fail)?;
        let records = database
            .keyspace("records", KeyspaceCreateOptions::default)
            .map_err(fail)?;
        let topics = database
            .keyspace("topics", KeyspaceCreateOptions::default)
            .map_err(fail)?;
        Ok(open
            .insert(Open {
                database,
                records,
                topics,
            })
            .clone())
    }

    /// Gives the database up, so that the next use opens and repairs it.
    pub(super) fn reset(&self) {
        *super::lock(&self.open) = None;
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The key prefixes of a topic's partitions; makes the topic when it is new.
    pub(super) fn topic(&self, name: &str, partitions: u32) -> Result<Vec<u32>, LogError> {
        let open = self.get()?;
        let fail = |error| self.failed(&error);
        let (first, found) = match open.topics.get(name).map_err(fail)? {
            Some(row) => self.topic_row(name, &row)?,
            None => {
                let mut first = 0;
                for entry in open.topics.iter() {
                    let (key, row) = entry.into_inner().map_err(fail)?;
                    let (start, count) = self.topic_row(&String::from_utf8_lossy(&key), &row)?;
                    first = first.max(start + count);
                }
                let row = [first.to_be_bytes(), partitions.to_be_bytes()].concat();
                open.topics.insert(name, row).map_err(fail)?;
                open.database.persist(PersistMode::SyncAll).map_err(fail)?;
                (first, partitions)
            }
        };
        if found != partitions {
            return Err(LogError::PartitionCount {
                topic: name.to_owned(),
                found,
                wanted: partitions,
            });
        }
        Ok((first..first + found).collect())
    }

    fn topic_row(&self, name: &str, row: &[u8]) -> Result<(u32, u32), LogError> {
        let damaged = || LogError::Damaged {
            at: self.dir.display().to_string(),
            why: format!("the entry of topic {name}"),
        };
        let (first, count) = row.split_at_checked(4).ok_or_else(damaged)?;
        let read = |bytes: &[u8]| bytes.try_into().map(u32::from_be_bytes).map_err(|_| damaged());
        Ok((read(first)?, read(count)?))
    }

    /// The offset after the last record.
    pub(super) fn end(&self, partition: u32) -> Result<u64, LogError> {
        match self.get()?.records.prefix(partition.to_be_bytes()).next_back() {
            Some(entry) => {
                let (found, _) = entry.into_inner().map_err(|error| self.failed(&error))?;
                Ok(offset_of(&found) + 1)
            }
            None => Ok(0),
        }
    }

    /// The records of `[from, to)`. Offsets are dense here, so a hole means damage.
    pub(super) fn read(&self, partition: u32, from: u64, to: u64) -> Result<Vec<Stored>, LogError> {
        let open = self.get()?;
        let mut records = Vec::with_capacity((to - from) as usize);
        let mut wanted = from;
        for entry in open.records.range(key(partition, from)..key(partition, to)) {
            let (found, value) = entry.into_inner().map_err(|error| self.failed(&error))?;
            let offset = offset_of(&found);
            if offset != wanted {
                return Err(self.damaged(partition, wanted, format!("the next record found is {offset}")));
            }
            let bytes = bytes::Bytes::copy_from_slice(&value);
            let record = codec::decode(bytes).map_err(|why| self.damaged(partition, offset, why))?;
            records.push(Stored { offset, record });
            wanted += 1;
        }
        if wanted != to {
            return Err(self.damaged(partition, wanted, format!("records up to {to} were written")));
        }
        Ok(records)
    }

    /// Writes all of it in one atomic batch and syncs once.
    pub(super) fn write<'a>(
        &self,
        rows: impl Iterator<Item = (u32, u64, &'a Record)>,
    ) -> Result<(), LogError> {
        let open = self.get()?;
        let fail = |error| self.failed(&error);
        let mut batch = open.database.batch();
        for (partition, offset, record) in rows {
            batch.insert(&open.records, key(partition, offset), &codec::encode(record)[..]);
        }
        batch.commit().map_err(fail)?;
        open.database.persist(PersistMode::SyncAll).map_err(fail)
    }

    fn damaged(&self, partition: u32, offset: u64, why: String) -> LogError {
        LogError::Damaged {
            at: format!("{}, partition {partition}, offset {offset}", self.dir.display()),
            why,
        }
    }

    fn failed(&self, error: &fjall::Error) -> LogError {
        match error {
            fjall::Error::Io(io_error) => io(&self.dir, io_error),
            fjall::Error::Poisoned => LogError::Other("the database stopped after a failed write".to_owned()),
            other => LogError::Damaged {
                at: self.dir.display().to_string(),
                why: format!("{other:?}"),
            },
        }
    }
}

fn io(dir: &Path, error: &std::io::Error) -> LogError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            LogError::Full(dir.display().to_string())
        }
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => LogError::Damaged {
            at: dir.display().to_string(),
            why: error.to_string(),
        },
        _ => LogError::Other(format!("{}: {error}", dir.display())),
    }
}

fn key(partition: u32, offset: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&partition.to_be_bytes());
    key[4..].copy_from_slice(&offset.to_be_bytes());
    key
}

fn offset_of(key: &[u8]) -> u64 {
    key.get(4..12)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_be_bytes)
}
