//! A payment provider: it keeps its own books, answers late or never, and knows its idempotency keys.

use super::account::{Operation, Wanted};
use crate::{
    here::Here,
    sim::{Sim, lock},
    unsure::{self, NoAnswer},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

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
        unsure::look_up(here, || lock(&self.books).answers.get(key).copied()).await
    }

    /// Asks for something under a key; whether it was done.
    pub async fn ask(&self, here: &Here, key: &str, wanted: &Operation) -> Result<bool, NoAnswer> {
        let (provider, key, asked) = (self.clone(), key.to_owned(), wanted.clone());
        let what = || format!("{:?} of {}", wanted.what, wanted.trip);
        unsure::carry_out(here, what, move || provider.carry_out(&key, &asked)).await
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
