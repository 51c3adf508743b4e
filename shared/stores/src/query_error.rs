//! A question that a store did not answer, whatever engine it is.

use crate::{mongo::MongoError, postgres::said};
use std::fmt;

/// Why a store did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    away: bool,
    unanswered: bool,
    said: String,
}

impl QueryError {
    /// Of a store that has said nothing.
    pub(crate) fn unanswered(said: impl Into<String>) -> Self {
        Self {
            away: true,
            unanswered: true,
            said: said.into(),
        }
    }

    /// Nobody has answered: a server that has no room, or stops a slow statement, has.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.unanswered
    }

    /// The store is not there now, or has no room for one more: the same question may be answered in a moment.
    pub fn is_away(&self) -> bool {
        self.away
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for QueryError {}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked};
        let code = error.sqlite_error_code();
        Self {
            away: matches!(code, Some(CannotOpen | DatabaseBusy | DatabaseLocked)),
            unanswered: false,
            said: error.to_string(),
        }
    }
}

impl From<MongoError> for QueryError {
    fn from(error: MongoError) -> Self {
        Self {
            away: error.is_away(),
            unanswered: error.is_away(),
            said: error.to_string(),
        }
    }
}

/// Classes of SQLSTATE that come and go: connections, resources, an operator who stops the server or a statement that
/// took too long, and a server that only reads while another takes its place.
const COME_AND_GO: [&str; 5] = ["08", "25", "53", "57", "58"];

/// Of these, what is said by a connection or by a server that starts, stops or recovers.
const NOT_THERE: [&str; 2] = ["08", "57P"];

impl From<sqlx::Error> for QueryError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        let says = |all: &[&str]| {
            code.as_deref()
                .is_some_and(|code| all.iter().any(|known| code.starts_with(known)))
        };
        let unanswered = match &error {
            sqlx::Error::Database(_) => says(&NOT_THERE),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            _ => false,
        };
        Self {
            away: unanswered || says(&COME_AND_GO),
            unanswered,
            said: said(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_away_is_told_from_one_that_says_no() {
        assert!(QueryError::from(sqlx::Error::PoolTimedOut).is_away());
        assert!(!QueryError::from(sqlx::Error::RowNotFound).is_away());
        assert!(!QueryError::from(rusqlite::Error::QueryReturnedNoRows).is_away());
    }
}
