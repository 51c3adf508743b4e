//! How much one client may send, at all instances together. Real time, not the domain's clock.

mod memory;
mod redis;

pub use memory::MemoryRates;
pub(crate) use redis::RedisRates;

use async_trait::async_trait;
use std::{fmt, time::Duration};

/// How much one client may send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests a second, for good.
    pub per_second: f64,
    /// Requests at once after a pause, at least 1.
    pub burst: f64,
}

/// Limits clients, each by a bucket of its own.
#[async_trait]
pub trait RateLimit: Send + Sync + fmt::Debug {
    /// Takes one request off the client's bucket, or says how long it must wait.
    async fn take(&self, client: &str) -> Result<(), Duration>;
}
