//! What MongoDB says when something is wrong, for a person who has to mend it. Never with a password in it.

use mongodb::error::{Error, ErrorKind, WriteFailure};
use std::time::Duration;

/// A failure of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MongoError {
    /// The address itself.
    #[error(
        "the address of MongoDB cannot be used: {0}; give one like mongodb://user:password@host:27017/database"
    )]
    Address(String),
    /// Nobody answers, or not as a server does.
    #[error(
        "nobody answers as MongoDB at {address}: {why}; is it running, and does the address name its host, port and TLS?"
    )]
    Unreachable {
        /// Host, port and database.
        address: String,
        /// What the driver says.
        why: String,
    },
    /// The server knows nobody of this name and password.
    #[error("MongoDB at {address} refuses {user}: {why}; check name, password and authSource in its address")]
    Refused {
        /// Host, port and database.
        address: String,
        /// The user that the address names.
        user: String,
        /// What the server says.
        why: String,
    },
    /// The user may not do this.
    #[error(
        "MongoDB at {address} does not permit {user} to do this: {why}; grant the role readWrite on the database"
    )]
    Forbidden {
        /// Host, port and database.
        address: String,
        /// The user that the address names.
        user: String,
        /// What the server says.
        why: String,
    },
    /// It took too long.
    #[error("MongoDB at {address} has not answered within {after:?}")]
    TimedOut {
        /// Host, port and database.
        address: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Anything else that the server or the driver says.
    #[error("MongoDB at {address}: {why}")]
    Failed {
        /// Host, port and database.
        address: String,
        /// What it says.
        why: String,
    },
    /// What stands there was written by a later version of this program.
    #[error(
        "the read model `{model}` in MongoDB is of version {found}, and this program knows only {known}; \
         start the later program, or give this one a database of its own"
    )]
    Newer {
        /// The projection.
        model: &'static str,
        /// As it stands there.
        found: u32,
        /// As it is here.
        known: u32,
    },
    /// What stands there cannot be read.
    #[error("the {what} in MongoDB cannot be read: {why}")]
    Unreadable {
        /// Which document.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl MongoError {
    /// Nobody has answered, or not in time.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. })
    }

    pub(super) fn unreadable(what: impl Into<String>, why: &impl ToString) -> Self {
        Self::Unreadable {
            what: what.into(),
            why: why.to_string(),
        }
    }
}

/// Whom an error is about: the address without its password.
#[derive(Debug, Clone)]
pub(super) struct Whom {
    pub address: String,
    pub user: String,
    /// What must not be repeated.
    pub secrets: Vec<String>,
}

impl Whom {
    /// The secrets of an address: what stands between `://` and the last `@`, and each half of it.
    pub fn secrets_of(url: &str) -> Vec<String> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let Some((credentials, _)) = rest.rsplit_once('@') else {
            return Vec::new();
        };
        let password = credentials.split_once(':').map(|(_, password)| password);
        let mut secrets = vec![credentials.to_owned()];
        secrets.extend(password.map(str::to_owned));
        secrets.retain(|secret| !secret.is_empty());
        secrets
    }

    pub fn scrubbed(&self, text: String) -> String {
        let cover = |text: String, secret: &String| text.replace(secret, "…");
        self.secrets.iter().fold(text, cover)
    }

    /// What the driver says, as a person can use it.
    pub fn explain(&self, error: &Error) -> MongoError {
        let why = self.scrubbed(words(error));
        let (address, user) = (self.address.clone(), self.user.clone());
        match &*error.kind {
            ErrorKind::Authentication { .. } => MongoError::Refused { address, user, why },
            ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. } => MongoError::Unreachable { address, why },
            ErrorKind::Command(command) if GOING_AWAY.contains(&command.code) => {
                MongoError::Unreachable { address, why }
            }
            ErrorKind::Command(command) if command.code == NOT_AUTHORIZED => {
                MongoError::Forbidden { address, user, why }
            }
            ErrorKind::Command(command) if command.code == NOT_AUTHENTICATED => {
                MongoError::Refused { address, user, why }
            }
            _ => MongoError::Failed { address, why },
        }
    }
}

/// A server that shuts down, or is no primary any more: ShutdownInProgress, PrimarySteppedDown, NotWritablePrimary,
/// InterruptedAtShutdown, InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary.
const GOING_AWAY: [i32; 7] = [91, 189, 10107, 11600, 11602, 13435, 13436];
const NOT_AUTHORIZED: i32 = 13;
const NOT_AUTHENTICATED: i32 = 18;

/// The message alone: the driver's own text has labels and connection numbers around it.
fn words(error: &Error) -> String {
    match &*error.kind {
        ErrorKind::Command(command) => command.message.clone(),
        ErrorKind::Write(WriteFailure::WriteError(failed)) => failed.message.clone(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_password_is_repeated() {
        let url = "mongodb://asha:s3cret@db:27017/rides";
        let whom = Whom {
            address: "db:27017/rides".to_owned(),
            user: "asha".to_owned(),
            secrets: Whom::secrets_of(url),
        };
        for text in [url, "password `s3cret` is wrong", "asha:s3cret"] {
            let told = whom.scrubbed(text.to_owned());
            assert!(!told.contains("s3cret"), "{told}");
        }
        assert!(Whom::secrets_of("mongodb://db/?a=b").is_empty());
    }
}
