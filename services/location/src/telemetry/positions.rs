//! Where every driver is seen now, and who watches.

use crate::domain::{Fix, FixLog, FixVerdict, LiveIndex, NearDriver, fix::OLDEST};
use interstate_schemas::{DriverId, GeoPoint, SignedDuration, Timestamp, TripId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Fixes that are remembered of a driver without a trip: nobody pays by them.
const IDLE_FIXES: usize = 2_000;
/// How often what is long gone is forgotten.
const TIDY_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Drivers are spread over so many locks: taking up a batch takes microseconds, and others report at the same time.
const SHARDS: usize = 16;

/// Where a driver was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// The position.
    pub point: GeoPoint,
    /// When it was taken.
    pub at: Timestamp,
    /// Radius in metres that the true position lies in with 68 %.
    pub accuracy_m: f32,
    /// Metres a second, where the device knows it.
    pub speed_mps: Option<f32>,
    /// Direction of travel in degrees from north, clockwise.
    pub bearing_deg: Option<f32>,
}

impl From<&Fix> for Sighting {
    fn from(fix: &Fix) -> Self {
        Self {
            point: fix.point,
            at: fix.at,
            accuracy_m: fix.accuracy_m,
            speed_mps: fix.speed_mps,
            bearing_deg: fix.bearing_deg,
        }
    }
}

/// The live state of this process. Who takes several of its locks takes them in the order of the fields.
#[derive(Default)]
pub struct Positions {
    tidied: Mutex<Option<Timestamp>>,
    seed: RandomState,
    drivers: [Mutex<Drivers>; SHARDS],
    index: Mutex<LiveIndex>,
}

/// Only ever asked by key, so that the order never shows.
type Drivers = HashMap<DriverId, Driver>;

struct Driver {
    log: FixLog,
    trip: Option<TripId>,
    reported: Timestamp,
    seen: watch::Sender<Option<Sighting>>,
}

impl Driver {
    fn new(now: Timestamp) -> Self {
        Self {
            log: FixLog::default(),
            trip: None,
            reported: now,
            seen: watch::Sender::new(None),
        }
    }

    fn record(&mut self, fix: &Fix, now: Timestamp) -> FixVerdict {
        let idle_long = fix.trip.is_none() && self.log.len() >= IDLE_FIXES;
        // A late fix of the trip before does not begin that trip again.
        let another = fix.trip != self.trip && self.log.latest().is_none_or(|(at, _)| at < fix.at);
        if idle_long || another {
            self.log.begin_anew();
            self.trip = fix.trip;
        }
        self.log.record(fix, now)
    }
}

impl Positions {
    fn drivers_with(&self, driver: DriverId) -> MutexGuard<'_, Drivers> {
        lock(&self.drivers[self.seed.hash_one(driver) as usize % SHARDS])
    }

    /// Whether each fix repeats one that has been recorded.
    pub fn repeats(&self, driver: DriverId, fixes: &[Fix]) -> Vec<bool> {
        let drivers = self.drivers_with(driver);
        let known = drivers.get(&driver);
        let repeats = |fix: &Fix| known.is_some_and(|known| known.log.has_seen(&fix.device, fix.seq));
        fixes.iter().map(repeats).collect()
    }

    /// Takes up fixes of one driver that are durable, by the time that they were taken; a verdict for each.
    pub fn record(&self, driver: DriverId, fixes: &[Fix], now: Timestamp) -> Vec<FixVerdict> {
        self.tidy(now);
        let mut drivers = self.drivers_with(driver);
        let known = drivers.entry(driver).or_insert_with(|| Driver::new(now));
        known.reported = now;
        let verdicts: Vec<FixVerdict> = fixes.iter().map(|fix| known.record(fix, now)).collect();
        let shown = fixes.iter().zip(&verdicts);
        let shown =
            shown.filter(|(_, verdict)| matches!(verdict, FixVerdict::Accepted | FixVerdict::ShownOnly));
        let Some((latest, _)) = shown.max_by_key(|(fix, _)| fix.at) else {
            return verdicts;
        };
        let newer = known.seen.borrow().is_none_or(|seen| seen.at < latest.at);
        if newer {
            known.seen.send_replace(Some(latest.into()));
            lock(&self.index).update(driver, latest.point, latest.at);
        }
        verdicts
    }

    /// At most `limit` drivers within `radius_m` who were seen in the last ten minutes, the nearest first.
    pub fn nearest(&self, point: GeoPoint, radius_m: u32, limit: usize, now: Timestamp) -> Vec<NearDriver> {
        lock(&self.index).nearest(point, radius_m, limit, now)
    }

    /// Where a driver was seen last, however long ago.
    pub fn last(&self, driver: DriverId) -> Option<Sighting> {
        *self.drivers_with(driver).get(&driver)?.seen.borrow()
    }

    /// Follows a driver: the last sighting, and each that comes. A slow reader misses those in between.
    pub fn watch(&self, driver: DriverId, now: Timestamp) -> watch::Receiver<Option<Sighting>> {
        let mut drivers = self.drivers_with(driver);
        let known = drivers.entry(driver).or_insert_with(|| Driver::new(now));
        known.seen.subscribe()
    }

    /// Drops drivers whose devices can have kept nothing that they would still send.
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
                known.seen.receiver_count() > 0 || now.duration_since(known.reported) <= OLDEST
            });
        }
        lock(&self.index).forget_stale(now);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fix::tests::{fix, time};

    #[test]
    fn a_repeat_is_known_and_a_late_fix_does_not_move_the_driver_back() {
        let positions = Positions::default();
        let driver = fix(1).driver;
        let watching = positions.watch(driver, time(0));
        assert_eq!(positions.repeats(driver, &[fix(10)]), [false]);
        assert_eq!(
            positions.record(driver, &[fix(10), fix(12)], time(12)),
            [FixVerdict::Accepted; 2]
        );
        assert_eq!(positions.repeats(driver, &[fix(10), fix(11)]), [true, false]);
        assert_eq!(
            positions.record(driver, &[fix(11), fix(12)], time(13)),
            [FixVerdict::Accepted, FixVerdict::Duplicate]
        );
        assert_eq!(positions.last(driver).unwrap().at, time(12));
        assert_eq!(watching.borrow().unwrap().at, time(12));
        let near = positions.nearest(fix(12).point, 1_000, 5, time(13));
        assert_eq!((near.len(), near[0].driver), (1, driver));
    }

    #[test]
    fn another_trip_begins_anew_and_still_knows_what_was_sent() {
        let positions = Positions::default();
        let driver = fix(1).driver;
        positions.record(driver, &[fix(1), fix(2)], time(2));
        let on_a_trip = Fix {
            trip: Some(TripId::derive(1, &[b"trip"])),
            ..fix(3)
        };
        assert_eq!(
            positions.record(driver, &[on_a_trip], time(3)),
            [FixVerdict::Accepted]
        );
        assert_eq!(
            positions.repeats(driver, &[fix(1), fix(3), fix(4)]),
            [true, true, false]
        );
    }
}
