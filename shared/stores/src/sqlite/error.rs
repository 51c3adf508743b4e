//! What SQLite says, and whether an event is the reason.

use super::ProjectionError;
use rusqlite::ffi;
use std::path::{Path, PathBuf};

/// The file could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the read model's file {path}: {source}")]
pub struct SqliteError {
    /// The file.
    pub path: PathBuf,
    /// What SQLite said.
    #[source]
    pub source: rusqlite::Error,
}

impl SqliteError {
    pub(crate) fn new(path: &Path, source: rusqlite::Error) -> Self {
        Self {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::new(path, of_the_store(error.to_string()))
    }
}

impl From<rusqlite::Error> for ProjectionError {
    fn from(error: rusqlite::Error) -> Self {
        if primary_code(&error).is_some_and(|code| STORE_CODES.contains(&code)) {
            ProjectionError::Store(error)
        } else {
            ProjectionError::Event(error.to_string())
        }
    }
}

/// SQLite's primary result codes (sqlite.org/rescode.html) that have nothing to do with the statement's data.
const STORE_CODES: [i32; 11] = [
    ffi::SQLITE_BUSY,
    ffi::SQLITE_LOCKED,
    ffi::SQLITE_NOMEM,
    ffi::SQLITE_READONLY,
    ffi::SQLITE_INTERRUPT,
    ffi::SQLITE_IOERR,
    ffi::SQLITE_CORRUPT,
    ffi::SQLITE_FULL,
    ffi::SQLITE_CANTOPEN,
    ffi::SQLITE_PROTOCOL,
    ffi::SQLITE_NOTADB,
];

/// A failure of the store that SQLite itself has not found.
pub(crate) fn of_the_store(why: impl Into<String>) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(why.into()))
}

fn primary_code(error: &rusqlite::Error) -> Option<i32> {
    // Extended codes carry the primary one in their low byte.
    error.sqlite_error().map(|error| error.extended_code & 0xff)
}

/// Whether the file itself is damaged or no database.
pub(crate) fn is_damaged(error: &rusqlite::Error) -> bool {
    primary_code(error).is_some_and(|code| [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB].contains(&code))
}
