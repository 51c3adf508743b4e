//! Time as a port: the real clock, an accelerated one for demonstrations, and the simulator's.

use async_trait::async_trait;
use interstate_schemas::{SignedDuration, Timestamp};
use std::time::Duration;

/// Where time comes from.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Log time: what events carry.
    fn now(&self) -> Timestamp;

    /// Returns when log time has reached `time`.
    async fn sleep_until(&self, time: Timestamp);

    /// Waits in the time of this machine, whatever log time does: for time-outs and back-off.
    async fn sleep(&self, real: Duration);

    /// How much log time passes while this much passes on this machine.
    fn log_duration(&self, real: Duration) -> SignedDuration {
        SignedDuration::try_from(real).unwrap_or(SignedDuration::MAX)
    }
}

/// The machine's clock, `factor` times as fast from an anchor on.
#[derive(Debug, Clone, Copy)]
pub struct MachineClock {
    /// The machine's time at which the acceleration began.
    pub anchor: Timestamp,
    /// How many seconds of log time a second takes; 1 in production.
    pub factor: u32,
}

impl MachineClock {
    /// The machine's own time.
    pub fn real() -> Self {
        Self {
            anchor: Timestamp::UNIX_EPOCH,
            factor: 1,
        }
    }

    /// This machine's time, not accelerated: for tokens and rate limits.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn machine_now() -> Timestamp {
        Timestamp::now()
    }
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let real = Self::machine_now();
        let since = real.duration_since(self.anchor);
        if self.factor <= 1 || since.is_negative() {
            return real;
        }
        let passed = since.checked_mul(self.factor.cast_signed()).unwrap_or(since);
        self.anchor.saturating_add(passed).unwrap_or(real)
    }

    async fn sleep_until(&self, time: Timestamp) {
        let left = time.duration_since(self.now());
        if left.is_positive() {
            let real = left.unsigned_abs() / self.factor.max(1);
            // Bounded, so that a clock that is set back or forth is noticed.
            tokio::time::sleep(real.clamp(Duration::from_millis(1), Duration::from_secs(60))).await;
        }
    }

    async fn sleep(&self, real: Duration) {
        tokio::time::sleep(real).await;
    }

    fn log_duration(&self, real: Duration) -> SignedDuration {
        let real = SignedDuration::try_from(real).unwrap_or(SignedDuration::MAX);
        real.checked_mul(self.factor.max(1).cast_signed())
            .unwrap_or(SignedDuration::MAX)
    }
}
