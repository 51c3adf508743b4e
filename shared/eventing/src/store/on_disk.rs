//! Caches in one database of a folder.

use super::{Put, Rows, StateStore, StoreError};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::{
    fs, io,
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Threads in the background: one writes files, one merges them, and the third takes up what there is to merge
/// meanwhile. With two, the first would put that back into the queue, over and over, for as long as a merge takes.
const WORKERS: usize = 3;
/// How long a process that ends, or a reader of a database that was given up, may hold the folder.
const LETTING_GO: Duration = Duration::from_secs(2);
/// How long nobody tries to open a database again that could not be opened or written.
const PAUSE: Duration = Duration::from_secs(2);
/// So many bytes are written when a database was opened: more than fits without a new block of the disk.
const PROBE: usize = 64 * 1024;

/// The caches of all partitions of this process, in one folder. After a failed write the database takes no more: it is
/// given up and opened again for whoever opens a partition's cache next.
#[derive(Clone)]
pub struct FjallCaches {
    shared: Arc<Shared>,
}

/// The cache of one partition.
pub struct FjallStore {
    name: String,
    rows: Arc<Slot>,
    shared: Arc<Shared>,
}

/// A partition's rows in the database that is open; nothing when that was given up.
type Slot = RwLock<Option<(Database, Keyspace)>>;

struct Shared {
    dir: PathBuf,
    state: Mutex<State>,
    /// Somebody is at it, which may take a while: nobody else waits for it.
    opening: AtomicBool,
}

#[derive(Default)]
struct State {
    open: Option<Database>,
    /// Of the partitions that use it.
    slots: Vec<Weak<Slot>>,
    failed: Option<(Instant, StoreError)>,
}

fn failed(error: fjall::Error) -> StoreError {
    StoreError(format!("{error:?}"))
}

impl FjallCaches {
    /// Opens the folder; one that cannot be read is emptied, for it can be rebuilt.
    ///
    /// # Errors
    /// Another process has it, or the disk takes nothing.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let shared = Shared {
            dir: dir.to_owned(),
            state: Mutex::default(),
            opening: AtomicBool::new(false),
        };
        shared.database(&mut shared.state())?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The cache of one partition.
    ///
    /// # Errors
    /// The database was given up, and cannot be opened again yet.
    pub fn partition(&self, service: &str, index: u32) -> Result<FjallStore, StoreError> {
        let name = format!("{service}-{index}");
        if self.shared.opening.load(Ordering::Acquire) {
            return Err(StoreError("it is just being opened again".to_owned()));
        }
        let mut state = self.shared.state();
        let database = self.shared.database(&mut state)?;
        let rows = keyspace(&database, &name).inspect_err(|error| state.give_up(error))?;
        let slot = Arc::new(RwLock::new(Some((database, rows))));
        state.slots.retain(|slot| slot.strong_count() > 0);
        state.slots.push(Arc::downgrade(&slot));
        Ok(FjallStore {
            name,
            rows: slot,
            shared: self.shared.clone(),
        })
    }
}

fn keyspace(database: &Database, name: &str) -> Result<Keyspace, StoreError> {
    database
        .keyspace(name, KeyspaceCreateOptions::default)
        .map_err(failed)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self, state: &mut State) -> Result<Database, StoreError> {
        if let Some(open) = &state.open {
            return Ok(open.clone());
        }
        if let Some((at, error)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        self.opening.store(true, Ordering::Release);
        let opened = self.open_or_empty();
        let opened = opened.and_then(|database| {
            // A disk that is full may well open it.
            let probe = keyspace(&database, "probe")?;
            // Which cannot be compressed.
            let bytes: Vec<u8> = (0..PROBE).map(|_| rand::random()).collect();
            probe.insert("probe", bytes).map_err(failed)?;
            database.persist(PersistMode::Buffer).map_err(failed)?;
            Ok(database)
        });
        self.opening.store(false, Ordering::Release);
        match opened {
            Ok(database) => Ok(state.open.insert(database).clone()),
            Err(StoreError(why)) => {
                let error = StoreError(format!("{}: {why}", self.dir.display()));
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    fn open_or_empty(&self) -> Result<Database, StoreError> {
        let until = Instant::now() + LETTING_GO;
        let mut was_emptied = false;
        loop {
            let why = match open(&self.dir) {
                Ok(database) => return Ok(database),
                Err(Unopened::InUse) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Err(Unopened::InUse) => {
                    return Err(StoreError(
                        "another process has it: stop that, or give this one a folder of its own (DATA_DIR)"
                            .to_owned(),
                    ));
                }
                Err(Unopened::Disk(error)) => return Err(StoreError(error)),
                Err(Unopened::Unreadable(why)) if was_emptied => return Err(StoreError(why)),
                Err(Unopened::Unreadable(why)) => why,
            };
            tracing::warn!(%why, dir = %self.dir.display(), "the state cache cannot be read; it is rebuilt from the log");
            match fs::remove_dir_all(&self.dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError(error.to_string()));
                }
                _ => was_emptied = true,
            }
        }
    }

    /// Nobody uses this database any more.
    fn give_up(&self, error: &StoreError) {
        self.state().give_up(error);
    }
}

impl State {
    fn give_up(&mut self, error: &StoreError) {
        tracing::warn!(%error, "the state cache is given up, and opened again in a moment");
        self.open = None;
        self.failed = Some((Instant::now(), error.clone()));
        for slot in self.slots.drain(..).filter_map(|slot| slot.upgrade()) {
            *slot.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

enum Unopened {
    InUse,
    /// Reading or writing failed: what is there may be whole.
    Disk(String),
    Unreadable(String),
}

fn open(dir: &Path) -> Result<Database, Unopened> {
    // The database panics over some kinds of damage.
    let opened = catch_unwind(|| Database::builder(dir).worker_threads(WORKERS).open());
    opened
        .map_err(|_| Unopened::Unreadable("the database gave up".to_owned()))?
        .map_err(|error| match error {
            fjall::Error::Locked => Unopened::InUse,
            error if is_of_the_disk(&error) => Unopened::Disk(format!("{error:?}")),
            error => Unopened::Unreadable(format!("{error:?}")),
        })
}

/// No room, no file descriptor, no right: nothing that the files are to blame for.
fn is_of_the_disk(error: &fjall::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    let kind = match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => error.kind(),
        _ => return false,
    };
    !matches!(kind, NotFound | UnexpectedEof | InvalidData)
}

impl FjallStore {
    /// Cloned, not locked: the database lets some writes wait, and giving it up must not.
    fn open(&self) -> Result<(Database, Keyspace), StoreError> {
        let open = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(given_up)
    }
}

fn given_up() -> StoreError {
    StoreError("it was given up after a failed write, and is opened again".to_owned())
}

impl StateStore for FjallStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (_, rows) = self.open()?;
        Ok(rows.get(key).map_err(failed)?.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let (_, rows) = self.open()?;
        for entry in rows.prefix(prefix) {
            let (key, value) = entry.into_inner().map_err(failed)?;
            if !each(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    fn rows(&self) -> Rows {
        match self.open() {
            Ok((_, rows)) => Box::new(rows.iter().map(|entry| {
                let (key, value) = entry.into_inner().map_err(failed)?;
                Ok((key.to_vec(), value.to_vec()))
            })),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    fn write(&mut self, puts: Vec<Put>) -> Result<(), StoreError> {
        let (database, rows) = self.open()?;
        let mut batch = database.batch();
        for (key, value) in puts {
            match value {
                Some(value) => batch.insert(&rows, key, value),
                None => batch.remove(&rows, key),
            }
        }
        let written = batch.commit().map_err(failed);
        written.inspect_err(|error| self.shared.give_up(error))
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        let (database, rows) = self.open()?;
        let deleted = database.delete_keyspace(rows).map_err(failed);
        let fresh = deleted.and_then(|()| keyspace(&database, &self.name));
        let fresh = fresh.inspect_err(|error| self.shared.give_up(error))?;
        // Somebody else may have given the database up meanwhile.
        let mut open = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let (_, rows) = open.as_mut().ok_or_else(given_up)?;
        *rows = fresh;
        Ok(())
    }
}
