//! Ended logins in the memory of this process.

use super::EndedLogins;
use async_trait::async_trait;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Logins that are remembered. Their tokens live for minutes: so many end in a quarter of an hour only where
/// something is wrong.
const MOST: usize = 200_000;

/// Ended logins, each until its tokens have ended as well.
#[derive(Debug, Default)]
pub struct MemoryLogins {
    ended: Mutex<HashMap<String, Instant>>,
}

impl MemoryLogins {
    pub(super) fn note(&self, login: &str, life: Duration, now: Instant) {
        let mut ended = self.lock();
        if ended.len() >= MOST {
            ended.retain(|_, until| *until > now);
        }
        if ended.len() >= MOST && !ended.contains_key(login) {
            tracing::warn!(
                most = MOST,
                "so many logins have ended that one more is not remembered; its token lives on"
            );
            return;
        }
        let until = ended.entry(login.to_owned()).or_insert(now);
        *until = (*until).max(now + life);
    }

    pub(super) fn knows(&self, login: &str, now: Instant) -> bool {
        let mut ended = self.lock();
        let knows = ended.get(login).is_some_and(|until| *until > now);
        if !knows {
            ended.remove(login);
        }
        knows
    }

    /// All that still matter, each with how long.
    pub(super) fn all(&self, now: Instant) -> Vec<(String, Duration)> {
        let mut ended = self.lock();
        ended.retain(|_, until| *until > now);
        let left = ended.iter();
        left.map(|(login, until)| (login.clone(), *until - now)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EndedLogins for MemoryLogins {
    async fn end(&self, login: &str, life: Duration) {
        self.note(login, life, Instant::now());
    }

    async fn has_ended(&self, login: &str) -> bool {
        self.knows(login, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_run_out_is_forgotten_and_a_longer_life_stays() {
        let (logins, start) = (MemoryLogins::default(), Instant::now());
        let seconds = Duration::from_secs;
        logins.note("one", seconds(60), start);
        logins.note("one", seconds(10), start);
        logins.note("two", seconds(5), start);
        assert!(logins.knows("one", start + seconds(59)) && !logins.knows("one", start + seconds(60)));
        assert_eq!(logins.all(start + seconds(2)), [("two".to_owned(), seconds(3))]);
        assert_eq!(logins.all(start + seconds(5)), []);
    }
}
