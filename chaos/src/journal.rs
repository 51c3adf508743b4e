//! What clients were told: every command that was acknowledged, as it was answered.

use interstate_http::ConsistencyToken;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// One acknowledgement.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The path that was asked.
    pub path: String,
    /// Where in the log its effect stands.
    pub token: ConsistencyToken,
}

/// All of them, by the key that makes a repeat the same command. Kept in a file as well.
pub struct Journal {
    file: Mutex<File>,
    all: Mutex<BTreeMap<String, Acknowledged>>,
}

impl Journal {
    /// Writes to this file.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: Mutex::new(File::create(path)?),
            all: Mutex::default(),
        })
    }

    /// Takes an acknowledgement. A repeat of a command is one more line in the file, and the same command.
    pub fn take(&self, key: &str, path: &str, status: u16, token: ConsistencyToken) {
        let line = format!("{key}\t{status}\t{path}\t{token}\n");
        // A journal that cannot be written proves nothing.
        lock(&self.file)
            .write_all(line.as_bytes())
            .expect("the journal can be written");
        let path = path.to_owned();
        lock(&self.all).insert(format!("{path} {key}"), Acknowledged { path, token });
    }

    /// How many commands were acknowledged.
    pub fn count(&self) -> usize {
        lock(&self.all).len()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Acknowledged> {
        lock(&self.all).values().cloned().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
