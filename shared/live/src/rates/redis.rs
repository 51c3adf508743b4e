//! Buckets that instances share on a Redis server.

use super::{MemoryRates, Rate, RateLimit};
use crate::{keys, redis::Link};
use async_trait::async_trait;
use redis::Script;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// A bucket is one number: when it is full again, in microseconds of the server's clock, the only one that all
/// instances share. (The generic cell rate algorithm, ITU-T I.371.) A clock that was set back makes nobody wait longer
/// than an empty bucket does.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
if full < now then full = now end
if full > now + capacity then full = now + capacity end
local wait = full + interval - now - capacity
if wait > 0 then return math.ceil(wait) end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return 0
";

/// Nobody is told to wait longer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A limit on a server. While it is away each process limits by itself: by buckets that it keeps all the time, so that
/// they know how much has come here.
pub(crate) struct RedisRates {
    link: Arc<Link>,
    limit: String,
    interval_micros: u64,
    capacity_micros: u64,
    here: MemoryRates,
    script: Script,
}

impl RedisRates {
    /// `limit` tells this limit from others, `address:booking`.
    pub(crate) fn new(link: Arc<Link>, limit: &str, rate: Rate, clients: usize) -> Self {
        let micros = |seconds: f64| (seconds * 1e6).round().clamp(1.0, 1e15) as u64;
        Self {
            link,
            limit: limit.to_owned(),
            interval_micros: micros(1.0 / rate.per_second),
            capacity_micros: micros(rate.burst / rate.per_second),
            here: MemoryRates::new(rate, clients),
            script: Script::new(TAKE),
        }
    }
}

#[async_trait]
impl RateLimit for RedisRates {
    async fn take(&self, client: &str) -> Result<(), Duration> {
        // Who sends too much to one instance sends too much in all: the server is spared that.
        self.here.check(client, Instant::now())?;
        let key = keys::RATE.of(&self.link, format_args!("{}:{client}", self.limit));
        let (interval, capacity) = (self.interval_micros, self.capacity_micros);
        let asked = self.link.ask("take-rate", |mut connection| async move {
            let mut call = self.script.key(key);
            call.arg(interval).arg(capacity);
            call.invoke_async::<u64>(&mut connection).await
        });
        match asked.await {
            Ok(0) | Err(_) => Ok(()),
            Ok(micros) => Err(Duration::from_micros(micros).min(LONGEST_WAIT)),
        }
    }
}

impl fmt::Debug for RedisRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisRates({})", self.limit)
    }
}
