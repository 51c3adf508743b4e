//! Logins that have ended while their access tokens still live.

mod memory;
mod redis;

pub use memory::MemoryLogins;
pub(crate) use redis::RedisLogins;

use async_trait::async_trait;
use std::{fmt, time::Duration};

/// Knows which logins have ended. Nothing fails: while the server is away a process knows what it was told itself, and
/// what it had learned before.
#[async_trait]
pub trait EndedLogins: Send + Sync + fmt::Debug {
    /// From here on nobody is let in by this login's tokens, of which the last one lives for `life`.
    async fn end(&self, login: &str, life: Duration);

    /// Whether the login has ended.
    async fn has_ended(&self, login: &str) -> bool;
}
