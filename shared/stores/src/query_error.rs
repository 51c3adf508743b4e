//! A question that a store did not answer, whatever engine it is.

use crate::{mongo::MongoError, postgres::said};
use std::fmt;

/// Why a store did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    away: bool,
    said: String,
}

impl QueryError {
    /// Of a store that is not there now.
    pub(crate) fn away(said: impl Into<String>) -> Self {
        Self {
            away: true,
            said: said.into(),
        }
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
            said: error.to_string(),
        }
    }
}

impl From<MongoError> for QueryError {
    fn from(error: MongoError) -> Self {
        Self {
            away: error.is_away(),
            said: error.to_string(),
        }
    }
}

/// Classes of SQLSTATE that come and go: connections, resources, an operator who stops the server or a statement that
/// took too long, and a server that only reads while another takes its place.
const COME_AND_GO: [&str; 5] = ["08", "25", "53", "57", "58"];

impl From<sqlx::Error> for QueryError {
    fn from(error: sqlx::Error) -> Self {
        let away = match &error {
            sqlx::Error::Database(error) => error
                .code()
                .is_some_and(|code| code.get(..2).is_some_and(|class| COME_AND_GO.contains(&class))),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            _ => false,
        };
        Self {
            away,
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
