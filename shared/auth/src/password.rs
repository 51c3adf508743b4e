//! Passwords, hashed with argon2id (RFC 9106), a few at a time.

use crate::codes;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use interstate_http::Problem;
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::{Semaphore, SemaphorePermit};

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl HashingCost {
    /// 19 MiB and two passes, the least that the OWASP password storage cheat sheet recommends (2024): about
    /// 20 ms a login.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 19_456,
        passes: 2,
    };

    /// 1 MiB and one pass, below 1 ms: for demonstrations and benchmarks whose logins guard nothing.
    pub const DEMONSTRATION: Self = Self {
        memory_kib: 1_024,
        passes: 1,
    };
}

/// Hashes and checks passwords on threads that may block. At most `at_once` run, so that logins cannot take the
/// memory or the processors; `waiting` more wait, and those on top are sent away.
#[derive(Clone)]
pub struct Passwords {
    argon: Argon2<'static>,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    absent: Arc<str>,
}

/// Why a password was not hashed or checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting.
    #[error("too many passwords are being checked")]
    Busy,
    /// Its length is out of bounds.
    #[error("a password has from {} to {} characters", Passwords::MIN, Passwords::MAX)]
    Length,
    /// The stored hash is damaged, or the costs are out of range.
    #[error("argon2 failed: {0}")]
    Argon(String),
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Problem {
        match error {
            PasswordError::Busy => {
                Problem::new(&codes::PASSWORDS_BUSY, "Too many people sign in at this moment.")
                    .retry_after(Duration::from_secs(2))
            }
            PasswordError::Length => Problem::new(
                &interstate_http::codes::INVALID_BODY,
                "The password does not fit.",
            )
            .field("/password", error.to_string()),
            PasswordError::Argon(_) => Problem::internal(error),
        }
    }
}

impl Passwords {
    /// NIST SP 800-63B-4 asks for at least 8 characters where a password is not the only factor, and that long
    /// ones be accepted.
    pub const MIN: usize = 8;
    /// Long enough for any phrase, short enough that hashing it costs nothing extra.
    pub const MAX: usize = 128;

    /// Hashing at this cost.
    pub fn new(cost: HashingCost, at_once: usize, waiting: usize) -> Result<Self, PasswordError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(argon)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // What a login for an unknown user is checked against: it must take as long as a real one.
        let absent = hash(&argon, "nobody has this password", [0; 16])?;
        Ok(Self {
            argon,
            running: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(at_once + waiting)),
            absent: absent.into(),
        })
    }

    /// The hash of a new password, with its costs and a salt from `rand` (PHC string).
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        if !(Self::MIN..=Self::MAX).contains(&password.chars().count()) {
            return Err(PasswordError::Length);
        }
        self.run(move |argon| hash(argon, &password, rand::random()))
            .await
    }

    /// Whether `password` is the one that `stored` was made of. Without a stored hash (an unknown user) the answer
    /// is no, after the same time.
    pub async fn verify(&self, password: String, stored: Option<&str>) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.absent).to_owned();
        if password.chars().count() > Self::MAX {
            return Ok(false);
        }
        let same = self.run(move |argon| {
            let stored = PasswordHash::new(&stored).map_err(self::argon)?;
            if stored.hash.is_none() {
                // It would count as "another password", and lock its owner out in silence.
                return Err(self::argon("the stored hash is cut short"));
            }
            match argon.verify_password(password.as_bytes(), &stored) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::Password) => Ok(false),
                Err(error) => Err(self::argon(error)),
            }
        });
        Ok(same.await? && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _admitted: SemaphorePermit<'_> = self.admitted.try_acquire().map_err(|_| PasswordError::Busy)?;
        let running = self
            .running
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let argon = self.argon.clone();
        // The permit goes with the work: a caller that gives up does not free a thread that still computes.
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&argon);
            drop(running);
            result
        });
        done.await
            .map_err(|error| PasswordError::Argon(error.to_string()))?
    }
}

fn hash(argon: &Argon2<'_>, password: &str, salt: [u8; 16]) -> Result<String, PasswordError> {
    let salt = SaltString::encode_b64(&salt).map_err(self::argon)?;
    argon
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(self::argon)
}

fn argon(error: impl fmt::Display) -> PasswordError {
    PasswordError::Argon(error.to_string())
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords")
            .field("argon", &self.argon)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(at_once: usize, waiting: usize) -> Passwords {
        Passwords::new(
            HashingCost {
                memory_kib: 64,
                passes: 1,
            },
            at_once,
            waiting,
        )
        .unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = passwords(2, 2);
        let stored = passwords.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert_ne!(
            stored,
            passwords.hash("correct horse".into()).await.unwrap(),
            "salted"
        );
        assert_eq!(
            passwords.verify("correct horse".into(), Some(&stored)).await,
            Ok(true)
        );
        assert_eq!(
            passwords.verify("correct hors".into(), Some(&stored)).await,
            Ok(false)
        );
        assert_eq!(
            passwords.verify("nobody has this password".into(), None).await,
            Ok(false)
        );
        assert!(matches!(
            passwords.verify("x".into(), Some("$damaged")).await,
            Err(PasswordError::Argon(_))
        ));
    }

    #[tokio::test]
    async fn lengths_are_bounded() {
        let passwords = passwords(2, 2);
        assert_eq!(passwords.hash("seven 7".into()).await, Err(PasswordError::Length));
        assert_eq!(passwords.hash("x".repeat(129)).await, Err(PasswordError::Length));
        assert!(
            passwords.hash("आठ अक्षर हैं".into()).await.is_ok(),
            "characters count, not bytes"
        );
        assert_eq!(passwords.verify("x".repeat(1 << 20), None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_crowd_is_sent_away_before_it_takes_the_machine() {
        let passwords = passwords(1, 1);
        let logins = (0..20).map(|_| {
            let passwords = passwords.clone();
            async move { passwords.verify("password".into(), None).await }
        });
        let outcomes = logins.collect::<tokio::task::JoinSet<_>>().join_all().await;
        let busy = outcomes
            .iter()
            .filter(|outcome| **outcome == Err(PasswordError::Busy))
            .count();
        assert_eq!(busy, 18, "one runs, one waits: {outcomes:?}");
        assert_eq!(
            passwords.verify("password".into(), None).await,
            Ok(false),
            "and then it goes on"
        );
    }
}
