//! What has come of it all.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

/// Counts what happens.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<Counted, u64>>);

/// What is counted, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    Quoted,
    Booked,
    Confirmed,
    Completed,
    Cancelled,
    PaymentDeclined,
    NoDriver,
    OffersAccepted,
    OffersDeclined,
    Errors,
}

impl Tally {
    pub fn count(&self, what: Counted) {
        *self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(what)
            .or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = [
            (Counted::Quoted, "quoted"),
            (Counted::Booked, "booked"),
            (Counted::Confirmed, "confirmed"),
            (Counted::Completed, "completed"),
            (Counted::Cancelled, "cancelled"),
            (Counted::PaymentDeclined, "not paid"),
            (Counted::NoDriver, "without a driver"),
            (Counted::OffersAccepted, "offers accepted"),
            (Counted::OffersDeclined, "offers declined"),
            (Counted::Errors, "errors"),
        ];
        let told: Vec<String> = all
            .iter()
            .map(|(what, name)| format!("{} {name}", counts.get(what).unwrap_or(&0)))
            .collect();
        f.write_str(&told.join(", "))
    }
}
