//! Token buckets, one a client, in bounded memory.

use super::{Rate, RateLimit};
use async_trait::async_trait;
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Limits clients, each by its own bucket. At most `clients` of them are known at a time; while that many are
/// active, those that come on top share one bucket, so that nobody can push another's bucket out.
#[derive(Debug)]
pub struct MemoryRates {
    rate: Rate,
    clients: usize,
    seed: RandomState,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    known: HashMap<u64, Bucket>,
    shared: Bucket,
    swept: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn refill(&mut self, rate: Rate, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * rate.per_second).min(rate.burst);
        self.filled = self.filled.max(now);
    }

    /// Takes a token, or says how long until there is one.
    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.refill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::try_from_secs_f64((1.0 - self.tokens) / rate.per_second)
            .unwrap_or(Duration::from_secs(60)))
    }
}

impl MemoryRates {
    /// Limits up to `clients` clients to `rate` each.
    pub fn new(rate: Rate, clients: usize) -> Self {
        let now = Instant::now();
        let shared = Bucket {
            tokens: rate.burst,
            filled: now,
        };
        let buckets = Buckets {
            known: HashMap::new(),
            shared,
            swept: now,
        };
        Self {
            rate,
            clients,
            seed: RandomState::new(),
            buckets: Mutex::new(buckets),
        }
    }

    /// Takes one request off `client`'s bucket, or says how long it must wait.
    pub fn check(&self, client: impl Hash, now: Instant) -> Result<(), Duration> {
        // A seeded hash instead of the key: eight bytes, whatever the key is, and no collision by intent.
        let key = self.seed.hash_one(client);
        let mut guard = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = &mut *guard;
        if let Some(bucket) = buckets.known.get_mut(&key) {
            return bucket.take(self.rate, now);
        }
        if buckets.known.len() >= self.clients {
            buckets.sweep(self.rate, now);
        }
        if buckets.known.len() >= self.clients {
            return buckets.shared.take(self.rate, now);
        }
        let fresh = Bucket {
            tokens: self.rate.burst,
            filled: now,
        };
        buckets.known.entry(key).or_insert(fresh).take(self.rate, now)
    }
}

#[async_trait]
impl RateLimit for MemoryRates {
    async fn take(&self, client: &str) -> Result<(), Duration> {
        self.check(client, Instant::now())
    }
}

impl Buckets {
    /// Forgets buckets that are full again: a new one would be the same. At most once a second.
    fn sweep(&mut self, rate: Rate, now: Instant) {
        if now.saturating_duration_since(self.swept) < Duration::from_secs(1) {
            return;
        }
        self.swept = now;
        self.known.retain(|_, bucket| {
            bucket.refill(rate, now);
            bucket.tokens < rate.burst
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 2.0,
        burst: 3.0,
    };

    #[test]
    fn a_burst_then_a_steady_rate() {
        let limiter = MemoryRates::new(RATE, 10);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.check("asha", start), Ok(()));
        }
        assert_eq!(limiter.check("asha", start), Err(Duration::from_millis(500)));
        assert_eq!(
            limiter.check("ravi", start),
            Ok(()),
            "another client has a bucket of its own"
        );
        assert_eq!(limiter.check("asha", start + Duration::from_millis(500)), Ok(()));
        assert!(limiter.check("asha", start + Duration::from_millis(500)).is_err());
    }

    #[test]
    fn a_crowd_neither_grows_memory_nor_pushes_a_client_out() {
        let limiter = MemoryRates::new(RATE, 100);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.check("asha", start), Ok(()));
        }
        let let_in = (0..10_000)
            .filter(|client| limiter.check(client, start).is_ok())
            .count();
        assert_eq!(let_in, 99 + 3, "those on top share one bucket");
        assert!(
            limiter.check("asha", start).is_err(),
            "her empty bucket is still known"
        );
        assert_eq!(limiter.buckets.lock().unwrap().known.len(), 100);

        let later = start + Duration::from_secs(5);
        assert_eq!(limiter.check("new", later), Ok(()));
        assert_eq!(
            limiter.buckets.lock().unwrap().known.len(),
            1,
            "full buckets are forgotten"
        );
    }
}
