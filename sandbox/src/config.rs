//! What can be set, and what it is when it is not.

use crate::webhooks::Endpoint;
use std::{path::PathBuf, time::Duration};

/// The sandbox's settings. `Config::default()` keeps everything in memory and sends no webhooks.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the journal is kept; `None` forgets everything when the process ends.
    pub data: Option<PathBuf>,
    /// Where events are sent. It can be changed later over HTTP.
    pub webhook: Option<Endpoint>,
    /// How long a hold can be captured.
    pub hold: Duration,
    /// How long the customer takes to answer a UPI request.
    pub upi_delay: Duration,
    /// How long `pm_card_slow` takes.
    pub slow: Duration,
    /// How long a request that was told to time out is kept hanging.
    pub hang: Duration,
    /// How long an idempotency key is remembered.
    pub key_retention: Duration,
    /// The seed of a fault that names none.
    pub seed: u64,
    /// How often an event is sent before it is given up.
    pub webhook_attempts: u32,
    /// The wait before the second attempt; each further one is twice as long, up to a minute.
    pub webhook_backoff: Duration,
    /// How long the endpoint may take to answer.
    pub webhook_timeout: Duration,
    /// The largest request body, in bytes.
    pub max_body: usize,
}

impl Config {
    /// A client gives up long before this; a longer hang would only keep sockets.
    pub const LONGEST_HANG: Duration = Duration::from_secs(30);
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: None,
            webhook: None,
            hold: Duration::from_secs(7 * 24 * 3600),
            upi_delay: Duration::from_secs(2),
            slow: Duration::from_secs(3),
            hang: Self::LONGEST_HANG,
            key_retention: Duration::from_secs(24 * 3600),
            seed: 0,
            webhook_attempts: 10,
            webhook_backoff: Duration::from_millis(500),
            webhook_timeout: Duration::from_secs(10),
            max_body: 64 * 1024,
        }
    }
}
