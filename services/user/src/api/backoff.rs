//! Guessing passwords costs time that doubles.

use interstate_schemas::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Wrong passwords that cost nothing: people mistype.
const FREE: u32 = 5;
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// Accounts that are remembered at a time: about 10 MB.
const KNOWN: usize = 50_000;

/// Wrong passwords an account, in this process.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    known: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    until: Timestamp,
}

impl Backoff {
    /// Whether the account may be tried now, or how long it has to wait.
    pub(super) fn check(&self, account: &str, now: Timestamp) -> Result<(), Duration> {
        let known = self.known();
        match known.get(account) {
            Some(failures) if failures.until > now => Err(failures.until.duration_since(now).unsigned_abs()),
            _ => Ok(()),
        }
    }

    /// A wrong password.
    pub(super) fn failed(&self, account: &str, now: Timestamp) {
        let mut known = self.known();
        if known.len() >= KNOWN && !known.contains_key(account) {
            // Those that have been left alone for the longest wait begin anew.
            known.retain(|_, failures| failures.until + LONGEST_WAIT > now);
            if known.len() >= KNOWN {
                return;
            }
        }
        let failures = known
            .entry(account.to_owned())
            .or_insert(Failures { count: 0, until: now });
        failures.count += 1;
        failures.until = now + wait(failures.count);
    }

    /// The right password.
    pub(super) fn succeeded(&self, account: &str) {
        self.known().remove(account);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Failures>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait(count: u32) -> SignedDuration {
    match count.checked_sub(FREE) {
        None => SignedDuration::ZERO,
        Some(over) => FIRST_WAIT
            .checked_mul(1 << over.min(20))
            .unwrap_or(LONGEST_WAIT)
            .min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_the_right_password_ends_it() {
        let (backoff, start) = (Backoff::default(), Timestamp::UNIX_EPOCH);
        for _ in 0..4 {
            backoff.failed("asha", start);
            assert_eq!(backoff.check("asha", start), Ok(()));
        }
        for seconds in [1, 2, 4, 8] {
            backoff.failed("asha", start);
            assert_eq!(backoff.check("asha", start), Err(Duration::from_secs(seconds)));
        }
        for _ in 0..100 {
            backoff.failed("asha", start);
        }
        assert_eq!(backoff.check("asha", start), Err(Duration::from_secs(900)));
        assert_eq!(backoff.check("ravi", start), Ok(()), "nobody else waits");
        backoff.succeeded("asha");
        assert_eq!(backoff.check("asha", start), Ok(()));
    }
}
