//! The files: one fjall database, a table of records keyed by offset for each partition, and a table of topics. A
//! partition's records only ever come at its end, so the files of its table follow one another and are never merged.
//! Where records are kept for a time only, whole files go once they are older.

use super::marks::Marks;
use crate::{LogError, Stored, codec};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, compaction::Fifo, config::FilterPolicy};
use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Whoever has the folder has locked this file in it.
const LOCK: &str = "lock";
/// How long an earlier process, or an earlier handle in this one, gets to let go of the folder.
const LETTING_GO: Duration = Duration::from_secs(2);
/// Blocks of files kept in memory, in bytes. What is read twice is read from the tails.
const CACHE: u64 = 4 << 20;
/// The journals' largest size together, in bytes; the least that the database allows. It bounds what waits in
/// memory to be written into files, and how much is read when the log is opened.
const JOURNALS: u64 = 64 << 20;
/// A partition's records kept in memory before they go into a file of their own, in bytes.
const MEMTABLE: u64 = 4 << 20;
/// Threads in the background. Tables are never merged, so one is enough: it writes them as fast as they fill. Of several,
/// the first would put what another looks at into the queue again, over and over, until that one is done.
const WORKERS: usize = 1;

/// The database and its lock. Only the committer writes records.
pub(super) struct Store {
    dir: PathBuf,
    open: Mutex<Option<Open>>,
    kept: Kept,
    marks: Marks,
    _lock: File,
}

/// How long the records of a partition are kept that are not kept for ever.
type Kept = Arc<Mutex<HashMap<u32, Duration>>>;

#[derive(Clone)]
struct Open {
    database: Database,
    topics: Keyspace,
    records: Arc<Mutex<HashMap<u32, Keyspace>>>,
    kept: Kept,
}

impl Store {
    pub(super) fn open(dir: &Path) -> Result<Self, LogError> {
        std::fs::create_dir_all(dir).map_err(|error| LogError::Unreachable {
            at: dir.display().to_string(),
            why: error.to_string(),
        })?;
        let lock = File::create(dir.join(LOCK)).map_err(|error| io(dir, &error))?;
        take(&lock, dir)?;
        let fresh = !dir.join("db").exists();
        let store = Self {
            dir: dir.to_owned(),
            open: Mutex::new(None),
            kept: Kept::default(),
            marks: Marks::open(dir, fresh)?,
            _lock: lock,
        };
        store.get()?;
        Ok(store)
    }

    /// Whether nobody has the folder. The lock is taken for a moment, which whoever starts meanwhile waits out.
    pub(super) fn look(dir: &Path) -> Result<(), LogError> {
        match File::options().write(true).open(dir.join(LOCK)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(io(dir, &error)),
            Ok(lock) => take(&lock, dir),
        }
    }

    /// The database, opened again where a failure has closed it.
    fn get(&self) -> Result<Open, LogError> {
        let mut open = crate::lock(&self.open);
        if let Some(open) = &*open {
            return Ok(open.clone());
        }
        let until = Instant::now() + LETTING_GO;
        let fresh = loop {
            match self.guarded(|| open_database(&self.dir.join("db"), &self.kept)) {
                // A reader may hold the one that was given up a moment longer.
                Err(LogError::InUse(_)) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                other => break other?,
            }
        };
        Ok(open.insert(fresh).clone())
    }

    /// The database panics over some kinds of damage; here that is an error like any other.
    fn guarded<T>(&self, work: impl FnOnce() -> fjall::Result<T>) -> Result<T, LogError> {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(outcome) => outcome.map_err(|error| self.failed(&error)),
            Err(panic) => {
                let why = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|why| (*why).to_owned()));
                Err(LogError::Damaged {
                    at: self.dir.display().to_string(),
                    why: why.unwrap_or_else(|| "the database gave up".to_owned()),
                })
            }
        }
    }

    /// Gives the database up, so that the next use opens and repairs it.
    pub(super) fn reset(&self) {
        *crate::lock(&self.open) = None;
    }

    /// The key prefixes of a topic's partitions; makes the topic when it is new. Its records are kept for so long, or for
    /// ever. A file goes when the next one is written after its time.
    pub(super) fn topic(
        &self,
        name: &str,
        partitions: u32,
        kept: Option<Duration>,
    ) -> Result<Vec<u32>, LogError> {
        let open = self.get()?;
        let (first, found) = match self.guarded(|| open.topics.get(name))? {
            Some(row) => self.topic_row(name, &row)?,
            None => (self.make_topic(&open, name, partitions)?, partitions),
        };
        if found != partitions {
            return Err(LogError::PartitionCount {
                topic: name.to_owned(),
                found,
                wanted: partitions,
            });
        }
        let ids = first..first + found;
        if let Some(kept) = kept {
            crate::lock(&self.kept).extend(ids.clone().map(|id| (id, kept)));
        }
        Ok(ids.collect())
    }

    fn make_topic(&self, open: &Open, name: &str, partitions: u32) -> Result<u32, LogError> {
        let rows = self.guarded(|| {
            open.topics
                .iter()
                .map(|row| row.into_inner())
                .collect::<Result<Vec<_>, _>>()
        })?;
        let mut first = 0;
        for (key, row) in rows {
            let (start, count) = self.topic_row(&String::from_utf8_lossy(&key), &row)?;
            first = first.max(start + count);
        }
        for partition in first..first + partitions {
            if let Some(end) = self.marks.get(partition)?.filter(|end| *end > 0) {
                let why = format!("{end} records were acknowledged there, of a topic that is gone");
                return Err(self.damaged(partition, 0, why));
            }
            self.marks.set(partition, 0)?;
        }
        self.marks.sync()?;
        let row = [first.to_be_bytes(), partitions.to_be_bytes()].concat();
        self.guarded(|| {
            open.topics.insert(name, row)?;
            open.database.persist(PersistMode::SyncAll)
        })?;
        Ok(first)
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

    /// The offset after the last record, which is never before what was acknowledged.
    pub(super) fn end(&self, partition: u32) -> Result<u64, LogError> {
        let open = self.get()?;
        let last = self.guarded(|| {
            let last = open.records(partition)?.iter().next_back();
            last.map(|row| row.into_inner()).transpose()
        })?;
        let all_too_old = last.is_none() && crate::lock(&self.kept).contains_key(&partition);
        let end = last.map_or(0, |(key, _)| offset_of(&key) + 1);
        match self.marks.get(partition)? {
            Some(acknowledged) if all_too_old => Ok(acknowledged),
            Some(acknowledged) if acknowledged <= end => Ok(end),
            Some(acknowledged) => Err(self.damaged(
                partition,
                end,
                format!("records up to {acknowledged} were acknowledged and are gone"),
            )),
            None => Err(self.damaged(
                partition,
                end,
                "the mark of what was acknowledged is gone".to_owned(),
            )),
        }
    }

    /// Notes what is about to be acknowledged. A mark that cannot be written lags, which costs nothing but
    /// the notice of damage.
    pub(super) fn mark(&self, ends: &HashMap<u32, u64>) {
        for (partition, end) in ends {
            if let Err(error) = self.marks.set(*partition, *end) {
                tracing::warn!(%error, partition, "cannot note how far the log goes");
            }
        }
    }

    /// Makes the marks durable where that is due.
    pub(super) fn sync_marks(&self) {
        if let Err(error) = self.marks.sync_when_due() {
            tracing::warn!(%error, "cannot sync how far the log goes");
        }
    }

    /// The records of `[from, to)`. Offsets are dense here, so a hole means damage.
    pub(super) fn read(&self, partition: u32, from: u64, to: u64) -> Result<Vec<Stored>, LogError> {
        let open = self.get()?;
        let rows = self.guarded(|| {
            let records = open.records(partition)?;
            let rows = records.range(from.to_be_bytes()..to.to_be_bytes());
            rows.map(|row| row.into_inner()).collect::<Result<Vec<_>, _>>()
        })?;
        let mut records = Vec::with_capacity(rows.len());
        let mut wanted = from;
        for (found, value) in rows {
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
    pub(super) fn write<'a>(&self, rows: impl Iterator<Item = (u32, u64, &'a [u8])>) -> Result<(), LogError> {
        let open = self.get()?;
        self.guarded(|| {
            let mut batch = open.database.batch();
            for (partition, offset, bytes) in rows {
                batch.insert(&open.records(partition)?, offset.to_be_bytes(), bytes);
            }
            batch.commit()?;
            open.database.persist(PersistMode::SyncData)
        })
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
            fjall::Error::Locked => LogError::InUse(self.dir.display().to_string()),
            fjall::Error::Storage(fjall::LsmError::Io(io_error)) => io(&self.dir, io_error),
            fjall::Error::Poisoned => LogError::Other("the database stopped after a failed write".to_owned()),
            other => LogError::Damaged {
                at: self.dir.display().to_string(),
                why: format!("{other:?}"),
            },
        }
    }
}

/// Waits a moment for whoever is about to let go.
fn take(lock: &File, dir: &Path) -> Result<(), LogError> {
    let until = Instant::now() + LETTING_GO;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(LogError::InUse(dir.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(io(dir, &error)),
        }
    }
}

fn open_database(dir: &Path, kept: &Kept) -> fjall::Result<Open> {
    let database = Database::builder(dir)
        .cache_size(CACHE)
        .worker_threads(WORKERS)
        .max_journaling_size(JOURNALS)
        .max_cached_files(Some(100))
        .open()?;
    Ok(Open {
        topics: database.keyspace("topics", KeyspaceCreateOptions::default)?,
        records: Arc::default(),
        kept: kept.clone(),
        database,
    })
}

impl Open {
    /// The table of a partition, made when it is new.
    fn records(&self, partition: u32) -> fjall::Result<Keyspace> {
        let mut records = crate::lock(&self.records);
        if let Some(found) = records.get(&partition) {
            return Ok(found.clone());
        }
        let kept = crate::lock(&self.kept).get(&partition).copied();
        let options = || {
            let options = KeyspaceCreateOptions::default()
                .max_memtable_size(MEMTABLE)
                // Records are read by ranges, which filters do not help.
                .filter_policy(FilterPolicy::disabled());
            match kept {
                Some(kept) => {
                    options.compaction_strategy(Arc::new(Fifo::new(u64::MAX, Some(kept.as_secs().max(1)))))
                }
                None => options,
            }
        };
        let made = self.database.keyspace(&format!("records-{partition}"), options)?;
        records.insert(partition, made.clone());
        Ok(made)
    }
}

pub(super) fn io(dir: &Path, error: &std::io::Error) -> LogError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            LogError::Full(dir.display().to_string())
        }
        // Files that are named and not there, or there and not named.
        std::io::ErrorKind::NotFound
        | std::io::ErrorKind::AlreadyExists
        | std::io::ErrorKind::UnexpectedEof
        | std::io::ErrorKind::InvalidData => LogError::Damaged {
            at: dir.display().to_string(),
            why: error.to_string(),
        },
        _ => LogError::Other(format!("{}: {error}", dir.display())),
    }
}

fn offset_of(key: &[u8]) -> u64 {
    key.try_into().map_or(0, u64::from_be_bytes)
}
