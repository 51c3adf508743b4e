//! What PostgreSQL says: why a server cannot be used, and whether an event or the store is the reason.

use crate::ProjectionError;
use std::{fmt, io::ErrorKind};

/// Why a projection did not take events up.
pub type PgProjectionError = ProjectionError<sqlx::Error>;

/// What helps a user who may not make schemas.
pub(super) const MAY_MAKE_SCHEMAS: &str =
    "let the user make schemas: GRANT CREATE ON DATABASE <database> TO <user>";
/// What helps where an extension's files are missing.
pub(super) const INSTALL_PACKAGE: &str = "install the extension's package on the server";

/// A read model cannot be opened. Says what is wrong, where, and what to do; never the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("PostgreSQL at {at}: {problem}; {remedy}")]
pub struct OpenError {
    /// `host:port/database`, or the setting where the address cannot be read.
    pub at: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
    away: bool,
}

impl OpenError {
    pub(super) fn new(at: impl fmt::Display, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            at: at.to_string(),
            problem: problem.into(),
            remedy: remedy.into(),
            away: false,
        }
    }

    /// Nobody answers there now, or is not ready to: the same may succeed in a moment.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// The remedy of what a server or its driver says.
    pub(super) fn of(at: impl fmt::Display, error: &sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        let remedy = match code.as_deref() {
            Some("28P01" | "28000") => {
                "check user and password in DB_CONNECTION, and the server's pg_hba.conf"
            }
            Some("3D000") => "create the database, or name another one in DB_CONNECTION",
            Some("42501") => MAY_MAKE_SCHEMAS,
            Some("0A000" | "58P01") => INSTALL_PACKAGE,
            Some("53300") => "raise max_connections of the server, or start fewer instances",
            Some("53100") => "make room on the server's disk",
            _ if is_distrust(error) => {
                "check sslmode and sslrootcert in DB_CONNECTION, and that its host is the one in the server's certificate"
            }
            _ => match error {
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
                    "start the server, or correct host and port in DB_CONNECTION"
                }
                _ => "see the server's log",
            },
        };
        let away = match code.as_deref() {
            // The server starts, stops or recovers.
            Some(code) => code.starts_with("57P"),
            None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) && !is_distrust(error),
        };
        Self {
            away,
            ..Self::new(at, said(error), remedy)
        }
    }
}

/// Whether no encrypted connection comes about that both sides trust. The library says so of a server without TLS;
/// a handshake that fails, and a file that is not there, are failures of I/O to it.
fn is_distrust(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::NotFound),
        _ => false,
    }
}

/// What went wrong, in a line.
pub(crate) fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) => format!("{} (SQLSTATE {code})", error.message()),
            None => error.message().to_owned(),
        },
        sqlx::Error::PoolTimedOut => "no connection within the time-out".to_owned(),
        other => other.to_string(),
    }
}

/// Classes of SQLSTATE that the data of a statement is the reason of: data exceptions, violated constraints, and what
/// a trigger refuses by itself.
const OF_THE_EVENT: [&str; 3] = ["22", "23", "P0"];

impl From<sqlx::Error> for PgProjectionError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        let class = code.as_deref().and_then(|code| code.get(..2));
        // A missing privilege is the store's, whatever statement finds it out.
        if !class.is_some_and(|class| OF_THE_EVENT.contains(&class)) {
            return ProjectionError::Store(error);
        }
        if class == Some("23") {
            // The log was written by rules that forbid this: a second line of defence has been reached.
            tracing::error!(target: "alarm", %error, "a constraint of a read model refused an event");
        }
        ProjectionError::Event(said(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_away_is_waited_for() {
        for error in [
            sqlx::Error::PoolTimedOut,
            sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()),
            sqlx::Error::WorkerCrashed,
        ] {
            assert!(matches!(
                PgProjectionError::from(error),
                ProjectionError::Store(_)
            ));
        }
    }
}
