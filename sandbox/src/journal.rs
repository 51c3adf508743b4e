//! The append-only file: one JSON line an entry, written before the entry takes effect. A line reaches the
//! operating system before the answer is sent, so it outlives the process; it is not flushed to the disk, so it
//! does not outlive the machine.

use crate::{
    clock::UnixMillis,
    idempotency::IdempotencyKey,
    ids::{EventId, IntentId},
    intent::{Snapshot, Terms},
    operation::{Event, Operation},
    webhooks::Endpoint,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// One change of the book. Live and on replay, the book changes by nothing else.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A merchant's request was carried out or refused.
    Operation {
        /// The payment's terms, if this opened it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms: Option<Arc<Terms>>,
        /// What was done.
        operation: Operation,
        /// The key that it was sent with.
        key: IdempotencyKey,
        /// What the merchant is to be told; nothing if there was no endpoint.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<Event>,
    },
    /// Time moved a payment on.
    Transition {
        /// The payment.
        intent: IntentId,
        /// When.
        at: UnixMillis,
        /// Where it stands now.
        after: Snapshot,
        /// What the merchant is to be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<Event>,
    },
    /// An event was delivered, dropped or given up: it is not sent again.
    EventClosed(EventId),
    /// Events go somewhere else from here on.
    Endpoint(Arc<Endpoint>),
}

/// What can go wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or file cannot be used.
    #[error("cannot {action} the journal {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Two processes would write over each other.
    #[error("the journal {} is in use by another sandbox; stop it or choose another folder", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line in the middle cannot be read. The last line may be torn; any other may not.
    #[error("line {line} of the journal {} is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The open file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    length: u64,
    line: Vec<u8>,
}

impl Journal {
    /// Opens `folder`'s journal, creating both if need be, and hands every entry in it to `apply`. A last line that
    /// was cut short is removed: its request was never answered.
    pub fn open(folder: &Path, apply: impl FnMut(Entry)) -> Result<Self, JournalError> {
        let path = folder.join("journal.jsonl");
        let fail = |action| {
            let path = path.clone();
            move |source| JournalError::Io { action, path, source }
        };
        fs::create_dir_all(folder).map_err(fail("create the folder of"))?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(JournalError::InUse { path }),
            Err(fs::TryLockError::Error(source)) => return Err(fail("lock")(source)),
        }
        let length = replay(&file, &path, apply)?;
        file.set_len(length).map_err(fail("cut the torn end of"))?;
        file.seek(SeekFrom::Start(length)).map_err(fail("seek in"))?;
        Ok(Self {
            file,
            length,
            line: Vec::with_capacity(2048),
        })
    }

    /// Appends `entry`. On an error nothing of it stays in the file.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, entry)?;
        self.line.push(b'\n');
        if let Err(error) = self.file.write_all(&self.line) {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += self.line.len() as u64;
        Ok(())
    }
}

/// Reads every whole line; returns how many bytes they take.
fn replay(file: &File, path: &Path, mut apply: impl FnMut(Entry)) -> Result<u64, JournalError> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut line, mut length) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|source| JournalError::Io {
                action: "read",
                path: path.to_owned(),
                source,
            })?;
        if line.last() != Some(&b'\n') {
            break;
        }
        let entry = serde_json::from_slice(&line).map_err(|source| JournalError::Damaged {
            path: path.to_owned(),
            line: number,
            source,
        })?;
        apply(entry);
        length += read as u64;
    }
    Ok(length)
}
