//! Destroys the keys of people who are erased, or who could not sign up. The edge does it at once; this does it
//! where the process ended in between, and where another instance took the request.

use crate::read::{People, ReadError};
use interstate_eventing::{
    runtime::Clock,
    sealed::{KeyError, KeyRing},
};
use interstate_schemas::UserId;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(10);

/// Keeps at it.
pub struct Forgetting {
    people: Arc<dyn People>,
    keys: Arc<dyn KeyRing>,
    clock: Arc<dyn Clock>,
    done: BTreeSet<UserId>,
}

/// Why a round did not get to all. The next one tries again whom this one could not forget.
#[derive(Debug, thiserror::Error)]
pub enum ForgettingError {
    /// The read model.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The keys.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Forgetting {
    /// Forgets whom `people` says.
    pub fn new(people: Arc<dyn People>, keys: Arc<dyn KeyRing>, clock: Arc<dyn Clock>) -> Self {
        Self {
            people,
            keys,
            clock,
            done: BTreeSet::new(),
        }
    }

    /// Goes on until it is dropped.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "people wait to be forgotten; it is tried again in a moment");
            }
            self.clock.sleep(EVERY).await;
        }
    }

    /// Everybody who waits. Nobody waits for a key that cannot be read; the first such error is returned at the end.
    pub async fn round(&mut self) -> Result<(), ForgettingError> {
        let mut outcome = Ok(());
        for user in self.people.to_forget().await? {
            if self.done.contains(&user) {
                continue;
            }
            match self.forget(&user.to_string()) {
                Ok(()) => {
                    self.done.insert(user);
                }
                Err(error) => outcome = outcome.and(Err(error.into())),
            }
        }
        outcome
    }

    fn forget(&self, person: &str) -> Result<(), KeyError> {
        match self.keys.find(person) {
            Ok(None) => Ok(()),
            // A damaged one is of somebody who is to be forgotten.
            Ok(Some(_)) | Err(KeyError::Missing(_) | KeyError::Damaged(_)) => self.keys.destroy(person),
            Err(error) => Err(error),
        }
    }
}
