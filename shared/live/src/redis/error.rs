//! Why a Redis server cannot be used: what, where, and what to do. Never the password.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::fmt;

/// Why a Redis server cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Redis at {at}: {problem}; {remedy}")]
pub struct LiveError {
    /// `host:port/database`.
    pub at: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
    /// Whether waiting does not help: somebody has to change the settings or the server.
    pub for_good: bool,
}

impl LiveError {
    /// Something that a person has to mend.
    pub(super) fn wrong(
        at: impl fmt::Display,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            at: at.to_string(),
            problem: problem.into(),
            remedy: remedy.into(),
            for_good: true,
        }
    }

    /// Something that may pass.
    pub(super) fn away(at: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self {
            at: at.to_string(),
            problem: problem.into(),
            remedy: "start the server, or correct REDIS_URL: host, port, and rediss:// where it wants TLS"
                .to_owned(),
            for_good: false,
        }
    }

    /// What a server or its driver says.
    pub(super) fn of(at: impl fmt::Display, error: &RedisError) -> Self {
        let detail = error.detail().unwrap_or_default();
        let code = error.code().unwrap_or_default();
        let said = format!("{code} {detail}");
        let said = said.trim();
        let user = "check user and password in REDIS_URL";
        match (error.kind(), code) {
            (ErrorKind::AuthenticationFailed, _) | (_, "WRONGPASS" | "NOAUTH") => {
                Self::wrong(at, format!("the user is refused {said}").trim(), user)
            }
            (_, "NOPERM") | (ErrorKind::Server(ServerErrorKind::NoPerm), _) => Self::wrong(
                at,
                format!("the user may not do what is needed ({said})"),
                "give the user the commands and keys that docs/data/redis.md lists",
            ),
            (_, "DENIED") => Self::wrong(
                at,
                "the server is in protected mode and takes no strangers",
                "give the server a password, and REDIS_URL as well",
            ),
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => Self::wrong(
                at,
                "the server is a replica, which takes no writes",
                "name the primary in REDIS_URL",
            ),
            (ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::CrossSlot), _) => Self::wrong(
                at,
                "the server is a node of a cluster",
                "name a server that is none: clusters are not supported",
            ),
            _ if error.to_string().contains("switch database") => Self::wrong(
                at,
                format!("the server has no such database ({detail})"),
                "name another one in REDIS_URL, or raise `databases` of the server",
            ),
            (ErrorKind::InvalidClientConfig, _) => Self::wrong(
                at,
                format!("the connection cannot be set up ({})", error.category()),
                "check REDIS_URL, and the certificate that `ca` names",
            ),
            (ErrorKind::Parse, _) => Self::wrong(
                at,
                "what answers there does not speak Redis' protocol",
                "correct host and port in REDIS_URL, and write rediss:// where the server wants TLS",
            ),
            _ if is_tls(error) => Self::wrong(
                at,
                format!("the encrypted connection fails ({error})"),
                "write redis:// where the server has no TLS; or name its authority, rediss://…?ca=<file>, and the host as in its certificate",
            ),
            (ErrorKind::Server(_), _) => Self {
                remedy: "see the server's log".to_owned(),
                ..Self::away(at, said)
            },
            _ => Self::away(at, error.to_string()),
        }
    }
}

/// The driver wraps what the encryption says into an input that is invalid.
fn is_tls(error: &RedisError) -> bool {
    let text = error.to_string();
    [
        "certificate",
        "InvalidContentType",
        "corrupt message",
        "HandshakeFailure",
        "handshake",
    ]
    .iter()
    .any(|word| text.contains(word))
}
