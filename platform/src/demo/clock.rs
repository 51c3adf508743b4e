//! The platform's time, as its clients can tell it.
//!
//! A demonstration's platform runs hundreds of times as fast as the machine. Its time is asked for now and then,
//! and goes on by itself in between.

use crate::operator::{Client, ClientError};
use interstate_schemas::{SignedDuration, Timestamp};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Between two questions.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Between the first two, which tell how fast time runs.
const FIRST: Duration = Duration::from_millis(400);
/// No wait is longer, so that a clock that has moved is noticed.
const LONGEST: Duration = Duration::from_secs(2);

/// Tells log time.
#[derive(Clone)]
pub struct LogClock {
    client: Arc<Client>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Copy)]
struct Seen {
    first: Reading,
    last: Reading,
    factor: f64,
}

#[derive(Clone, Copy)]
struct Reading {
    real: Instant,
    log: Timestamp,
}

impl LogClock {
    /// Asks twice, which takes half a second.
    pub async fn of(client: Client) -> Result<Self, ClientError> {
        let first = reading(&client).await?;
        let clock = Self {
            client: Arc::new(client),
            seen: Arc::new(Mutex::new(Seen {
                first,
                last: first,
                factor: 1.0,
            })),
        };
        tokio::time::sleep(FIRST).await;
        clock.ask().await?;
        Ok(clock)
    }

    /// Asks from time to time, for good.
    pub async fn keep(self) {
        loop {
            tokio::time::sleep(ASK_AGAIN).await;
            // A platform that does not answer goes on when it is back: nothing is lost by a gap.
            if let Err(error) = self.ask().await {
                tracing::debug!(%error, "the platform's time could not be asked for");
            }
        }
    }

    async fn ask(&self) -> Result<(), ClientError> {
        let last = reading(&self.client).await?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = last.real.duration_since(seen.first.real).as_secs_f64();
        if passed > 0.0 {
            let log = last.log.duration_since(seen.first.log).as_secs_f64();
            // Factors are whole numbers; what is between them is the time that an answer takes.
            seen.factor = (log / passed).round().max(1.0);
        }
        seen.last = last;
        Ok(())
    }

    /// Log time.
    pub fn now(&self) -> Timestamp {
        let Seen { last, factor, .. } = self.seen();
        let passed = last.real.elapsed().as_secs_f64() * factor;
        let passed = SignedDuration::try_from_secs_f64(passed).unwrap_or(SignedDuration::ZERO);
        last.log.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// How many times as fast as the machine's.
    pub fn factor(&self) -> f64 {
        self.seen().factor
    }

    /// Waits for so much of log time.
    pub async fn sleep(&self, log: SignedDuration) {
        self.sleep_until(self.now().saturating_add(log).unwrap_or(Timestamp::MAX))
            .await;
    }

    /// Waits until log time has come.
    pub async fn sleep_until(&self, time: Timestamp) {
        loop {
            let left = self.until(time);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST)).await;
        }
    }

    /// How long the machine has to wait for that moment.
    pub fn until(&self, time: Timestamp) -> Duration {
        let seconds = time.duration_since(self.now()).as_secs_f64() / self.factor();
        Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST)
    }

    fn seen(&self) -> Seen {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Taken to be of the moment half-way between question and answer.
async fn reading(client: &Client) -> Result<Reading, ClientError> {
    let asked = Instant::now();
    let log = client.status().await?.now;
    Ok(Reading {
        real: asked + asked.elapsed() / 2,
        log,
    })
}
