//! What goes wrong with the server, for the person who can mend it.

use crate::read::ReportError;
use clickhouse::error::Error;

/// Why the server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClickHouseError {
    /// Nobody answers, or not in time.
    #[error("ClickHouse at {at} does not answer: {why}. Check CLICKHOUSE_URL and that the server runs")]
    Away {
        /// Its address, without a password.
        at: String,
        /// What happened.
        why: String,
    },
    /// No TLS there, or a certificate that nobody vouches for.
    #[error(
        "ClickHouse at {at} is not trusted: {why}. Check in CLICKHOUSE_URL that the port speaks TLS (8443), that the \
         host is the certificate's, and that `ca=` names the authority where it is one of your own"
    )]
    Untrusted {
        /// Its address.
        at: String,
        /// What is wrong with it.
        why: String,
    },
    /// The user or the password is wrong, or the user may not do this.
    #[error("ClickHouse at {at} refuses the user: {why}. Check the user, the password and the grants")]
    Denied {
        /// Its address.
        at: String,
        /// What the server said.
        why: String,
    },
    /// An old server.
    #[error(
        "ClickHouse at {at} has version {found}; {least} is the oldest that drops repeated blocks of views"
    )]
    Version {
        /// Its address.
        at: String,
        /// What it is.
        found: String,
        /// What is needed.
        least: &'static str,
    },
    /// Something else answers there.
    #[error(
        "what answers at {at} is not ClickHouse: {why}. CLICKHOUSE_URL names its HTTP port, 8123 or 8443"
    )]
    NotClickHouse {
        /// Its address.
        at: String,
        /// What it said.
        why: String,
    },
    /// A later release has migrated the database.
    #[error(
        "the database `{database}` has schema {found}, and this release knows {known}: start the later release, or \
         name another database in CLICKHOUSE_URL"
    )]
    SchemaAhead {
        /// The database.
        database: String,
        /// What it has.
        found: u32,
        /// What this release knows.
        known: u32,
    },
    /// The server refused a statement.
    #[error("ClickHouse at {at} did not {what}: {why}")]
    Failed {
        /// Its address.
        at: String,
        /// What it was asked.
        what: String,
        /// What it said.
        why: String,
    },
    /// Another process is ahead in the same partition, or may be: it is looked again.
    #[error("another process may have taken these events up; what is there is read again")]
    Overtaken,
    /// Who called a standstill was not heard of for too long, and others went on.
    #[error("this process stood still for so long that others went on without it: run it again")]
    TakenForDead,
}

impl ClickHouseError {
    /// Whether waiting may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Away { .. } | Self::Failed { .. } | Self::Overtaken)
    }

    pub(super) fn of(at: &str, what: &str, error: Error) -> Self {
        let (at, why) = (at.to_owned(), told(&error));
        match error {
            // rustls says so of whatever it does not trust, and of what is no TLS.
            Error::Network(_)
                if ["invalid peer certificate", "corrupt message"]
                    .iter()
                    .any(|of| why.contains(of)) =>
            {
                Self::Untrusted { at, why }
            }
            Error::Network(_) | Error::TimedOut => Self::Away { at, why },
            // AUTHENTICATION_FAILED, UNKNOWN_USER, WRONG_PASSWORD, ACCESS_DENIED.
            Error::BadResponse(text) if ["516", "192", "193", "497"].iter().any(|code| is(&text, code)) => {
                Self::Denied { at, why }
            }
            Error::BadResponse(text) if !text.contains("DB::Exception") => Self::NotClickHouse { at, why },
            _ => Self::Failed {
                at,
                what: what.to_owned(),
                why,
            },
        }
    }
}

fn is(text: &str, code: &str) -> bool {
    text.contains(&format!("Code: {code}."))
}

/// With its causes: the outermost says only that the network failed. The first lines, for what is not ClickHouse
/// answers with pages.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text.trim().chars().take(300).collect()
}

impl From<ClickHouseError> for ReportError {
    fn from(error: ClickHouseError) -> Self {
        if matches!(error, ClickHouseError::Away { .. }) {
            Self::Away(error.to_string())
        } else {
            Self::Failed(error.to_string())
        }
    }
}
