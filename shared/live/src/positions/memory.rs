//! Positions in the memory of this process.

use super::{Around, KEPT, LiveIndex, LivePositions, NearDriver, Sighting};
use async_trait::async_trait;
use interstate_schemas::{DriverId, SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// How often what is long gone is forgotten.
const TIDY_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Drivers are spread over so many locks: others report at the same time.
const SHARDS: usize = 16;

/// Positions in memory. Who takes several of its locks takes them in the order of the fields.
#[derive(Default)]
pub struct MemoryPositions {
    tidied: Mutex<Option<Timestamp>>,
    seed: RandomState,
    drivers: [Mutex<Drivers>; SHARDS],
    index: Mutex<LiveIndex>,
}

/// Only ever asked by key, so that the order never shows.
type Drivers = HashMap<DriverId, Driver>;

struct Driver {
    /// When there was last something of them.
    touched: Timestamp,
    seen: watch::Sender<Option<Sighting>>,
}

impl MemoryPositions {
    /// Takes up a sighting; says whether it is the latest.
    pub(super) fn take_up(&self, driver: DriverId, sighting: Sighting, now: Timestamp) -> bool {
        self.tidy(now);
        let mut drivers = self.drivers_with(driver);
        let known = drivers.entry(driver).or_insert_with(|| Driver::new(now));
        known.touched = now;
        let newer = known.seen.borrow().is_none_or(|seen| seen.at < sighting.at);
        if newer {
            known.seen.send_replace(Some(sighting));
            lock(&self.index).update(driver, sighting.point, sighting.at);
        }
        newer
    }

    /// Where a driver was seen last.
    pub(super) fn known(&self, driver: DriverId) -> Option<Sighting> {
        *self.drivers_with(driver).get(&driver)?.seen.borrow()
    }

    pub(super) fn around(&self, around: Around, now: Timestamp) -> Vec<NearDriver> {
        let Around {
            point,
            radius_m,
            limit,
        } = around;
        lock(&self.index).nearest(point, radius_m, limit, now)
    }

    pub(super) fn follow(&self, driver: DriverId, now: Timestamp) -> watch::Receiver<Option<Sighting>> {
        let mut drivers = self.drivers_with(driver);
        let known = drivers.entry(driver).or_insert_with(|| Driver::new(now));
        known.seen.subscribe()
    }

    /// Whether anybody follows a driver.
    pub(super) fn is_followed(&self, driver: DriverId) -> bool {
        let drivers = self.drivers_with(driver);
        drivers
            .get(&driver)
            .is_some_and(|known| known.seen.receiver_count() > 0)
    }

    /// Everybody who was seen lately.
    pub(super) fn lately(&self) -> Vec<(DriverId, Sighting)> {
        let lately = lock(&self.index).drivers();
        let seen = lately
            .into_iter()
            .map(|driver| Some((driver, self.known(driver)?)));
        seen.flatten().collect()
    }

    fn drivers_with(&self, driver: DriverId) -> MutexGuard<'_, Drivers> {
        lock(&self.drivers[self.seed.hash_one(driver) as usize % SHARDS])
    }

    /// Drops drivers of whom nothing was heard for a day.
    fn tidy(&self, now: Timestamp) {
        {
            let mut tidied = lock(&self.tidied);
            if tidied.is_some_and(|last| now.duration_since(last) < TIDY_EVERY) {
                return;
            }
            *tidied = Some(now);
        }
        for drivers in &self.drivers {
            lock(drivers).retain(|_, known| {
                known.seen.receiver_count() > 0 || now.duration_since(known.touched) <= KEPT
            });
        }
        lock(&self.index).forget_stale(now);
    }
}

impl Driver {
    fn new(now: Timestamp) -> Self {
        Self {
            touched: now,
            seen: watch::Sender::new(None),
        }
    }
}

#[async_trait]
impl LivePositions for MemoryPositions {
    fn saw(&self, driver: DriverId, sighting: Sighting, now: Timestamp) {
        self.take_up(driver, sighting, now);
    }

    async fn last(&self, drivers: &[DriverId]) -> Vec<(DriverId, Sighting)> {
        let seen = drivers.iter().map(|&driver| Some((driver, self.known(driver)?)));
        seen.flatten().collect()
    }

    async fn nearest(&self, around: Around, now: Timestamp) -> Vec<NearDriver> {
        self.around(around, now)
    }

    fn watch(&self, driver: DriverId, now: Timestamp) -> watch::Receiver<Option<Sighting>> {
        self.follow(driver, now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
