//! A payment provider: it keeps its own books, answers late or never, and knows its idempotency keys.

use crate::{
    here::Here,
    sim::{Sim, lock},
    trade::account::{Operation, Wanted},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// No answer came in time: it may have been done, may be done later, or never.
#[derive(Debug)]
pub struct NoAnswer;

/// What the provider has done for a trip.
#[derive(Debug, Clone, Default)]
pub struct TripBooks {
    /// What it holds.
    pub held: i64,
    /// What it has taken, one entry a time.
    pub captured: Vec<i64>,
}

/// The provider's books.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// What came of each idempotency key.
    pub answers: BTreeMap<String, bool>,
    /// By trip.
    pub trips: BTreeMap<String, TripBooks>,
}

/// The provider.
#[derive(Clone)]
pub struct Provider {
    sim: Sim,
    books: Arc<Mutex<Books>>,
}

impl Provider {
    /// One with empty books.
    pub fn new(sim: &Sim) -> Self {
        Self {
            sim: sim.clone(),
            books: Arc::default(),
        }
    }

    /// A copy of its books.
    pub fn books(&self) -> Books {
        lock(&self.books).clone()
    }

    /// What came of a key, if anything has.
    pub async fn look_up(&self, here: &Here, key: &str) -> Result<Option<bool>, NoAnswer> {
        here.pass().await;
        if self.sim.strikes(|faults| faults.provider_timeout) {
            self.sim.sleep(Duration::from_secs(2)).await;
            return Err(NoAnswer);
        }
        Ok(lock(&self.books).answers.get(key).copied())
    }

    /// Asks for something under a key; whether it was done.
    pub async fn ask(&self, here: &Here, key: &str, wanted: &Operation) -> Result<bool, NoAnswer> {
        here.pass().await;
        if self.sim.strikes(|faults| faults.provider_timeout) {
            let which = self.sim.draw(|rng| rng.below(3));
            self.sim.tell(|| {
                let effect = ["with effect", "without effect", "with effect later"][which as usize];
                format!(
                    "the provider does not answer to {:?} of {} ({effect})",
                    wanted.what, wanted.trip
                )
            });
            match which {
                0 => drop(self.carry_out(key, wanted)),
                1 => {}
                _ => {
                    let (provider, key, wanted) = (self.clone(), key.to_owned(), wanted.clone());
                    let later = self.sim.now() + self.sim.draw(|rng| rng.between(1, 8_000)) * 1_000_000;
                    self.sim.call_at(later, move || {
                        provider.carry_out(&key, &wanted);
                    });
                }
            }
            self.sim.sleep(Duration::from_secs(2)).await;
            return Err(NoAnswer);
        }
        let done = self.carry_out(key, wanted);
        here.pass().await;
        Ok(done)
    }

    fn carry_out(&self, key: &str, wanted: &Operation) -> bool {
        let mut books = lock(&self.books);
        if let Some(known) = books.answers.get(key) {
            return *known;
        }
        let declines = wanted.what == Wanted::Authorize && self.sim.draw(|rng| rng.once_in(12));
        let trip = books.trips.entry(wanted.trip.clone()).or_default();
        let done = match wanted.what {
            Wanted::Authorize if declines => false,
            Wanted::Authorize => {
                trip.held += wanted.amount;
                true
            }
            Wanted::Capture => {
                trip.held -= wanted.amount;
                trip.captured.push(wanted.amount);
                true
            }
            Wanted::Void => {
                trip.held = 0;
                true
            }
        };
        books.answers.insert(key.to_owned(), done);
        drop(books);
        self.sim.note(key.as_bytes());
        self.sim.tell(|| {
            let no = if done { "" } else { " declines to" };
            format!(
                "the provider{no} {:?} {} for {}",
                wanted.what, wanted.amount, wanted.trip
            )
        });
        done
    }
}
