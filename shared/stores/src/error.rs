//! Failures of the store, and failures of an event: the first are waited out, the second are parked.

use interstate_eventing::DecodeError;
use std::path::PathBuf;

/// The file could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the read model's file {path}: {source}")]
pub struct SqliteError {
    /// The file.
    pub path: PathBuf,
    /// What SQLite said.
    #[source]
    pub source: sqlx::Error,
}

/// Why a projection did not take an event up.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The event is the reason: it is parked with the later ones of its subject.
    #[error("{0}")]
    Event(String),
    /// The store is the reason: the same events come again later.
    #[error(transparent)]
    Store(sqlx::Error),
}

impl ProjectionError {
    /// The event breaks what the projection relies on.
    pub fn event(why: impl Into<String>) -> Self {
        ProjectionError::Event(why.into())
    }
}

impl From<DecodeError> for ProjectionError {
    fn from(error: DecodeError) -> Self {
        ProjectionError::Event(error.to_string())
    }
}

impl From<sqlx::Error> for ProjectionError {
    fn from(error: sqlx::Error) -> Self {
        if is_of_the_store(&error) {
            ProjectionError::Store(error)
        } else {
            ProjectionError::Event(error.to_string())
        }
    }
}

/// SQLite's primary result codes (sqlite.org/rescode.html) that have nothing to do with the statement's data:
/// BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
const STORE_CODES: [u32; 11] = [5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26];
const CORRUPT: [u32; 2] = [11, 26];

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    // Extended codes carry the primary one in their low byte.
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

fn is_of_the_store(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(_) => primary_code(error).is_none_or(|code| STORE_CODES.contains(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Configuration(_) => true,
        _ => false,
    }
}

/// Whether the file itself is damaged or no database.
pub(crate) fn is_damaged(error: &sqlx::Error) -> bool {
    primary_code(error).is_some_and(|code| CORRUPT.contains(&code))
}
