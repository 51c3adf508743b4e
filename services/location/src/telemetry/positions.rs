//! The fixes of every driver that this instance has taken up, judged one after the other.

use crate::domain::{Fix, FixLog, FixVerdict, fix::OLDEST};
use interstate_live::positions::{LivePositions, Sighting};
use interstate_schemas::{DriverId, SignedDuration, Timestamp, TripId};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Fixes that are remembered of a driver without a trip: nobody pays by them.
const IDLE_FIXES: usize = 2_000;
/// How often what is long gone is forgotten.
const TIDY_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Drivers are spread over so many locks: taking up a batch takes microseconds, and others report at the same time.
const SHARDS: usize = 16;

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

/// What this instance knows of drivers' fixes. Who takes several of its locks takes them in the order of the fields.
pub struct Positions {
    tidied: Mutex<Option<Timestamp>>,
    seed: RandomState,
    drivers: [Mutex<Drivers>; SHARDS],
    live: Arc<dyn LivePositions>,
}

/// Only ever asked by key, so that the order never shows.
type Drivers = HashMap<DriverId, Driver>;

struct Driver {
    log: FixLog,
    trip: Option<TripId>,
    reported: Timestamp,
}

impl Driver {
    fn new(now: Timestamp) -> Self {
        Self {
            log: FixLog::default(),
            trip: None,
            reported: now,
        }
    }

    fn record(&mut self, fix: &Fix, now: Timestamp) -> FixVerdict {
        let idle_long = fix.trip.is_none() && self.log.len() >= IDLE_FIXES;
        // A trip of many days goes on; how far it went is not asked here.
        let long = idle_long || self.log.is_full();
        // A late fix of the trip before does not begin that trip again.
        let another = fix.trip != self.trip && self.log.latest().is_none_or(|(at, _)| at < fix.at);
        // An app that names itself anew at each login: a trip has only so many devices, a life has more.
        let crowded = fix.trip.is_none() && !self.log.has_room_for(&fix.device);
        if long || another || crowded {
            self.log.begin_anew();
            self.trip = fix.trip;
        }
        self.log.record(fix, now)
    }
}

impl Positions {
    /// Tells `live` where drivers are seen.
    pub fn new(live: Arc<dyn LivePositions>) -> Self {
        Self {
            tidied: Mutex::default(),
            seed: RandomState::default(),
            drivers: Default::default(),
            live,
        }
    }

    /// Where drivers are, whichever instance has seen them.
    pub fn live(&self) -> &dyn LivePositions {
        &*self.live
    }

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
        if let Some((latest, _)) = shown.max_by_key(|(fix, _)| fix.at) {
            // Under the driver's lock: two batches of one driver are seen in the order in which they were judged.
            self.live.saw(driver, latest.into(), now);
        }
        verdicts
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
            lock(drivers).retain(|_, known| now.duration_since(known.reported) <= OLDEST);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fix::tests::{fix, time};
    use interstate_live::positions::{Around, MemoryPositions};

    fn positions() -> Positions {
        Positions::new(Arc::new(MemoryPositions::default()))
    }

    #[tokio::test]
    async fn a_repeat_is_known_and_a_late_fix_does_not_move_the_driver_back() {
        let positions = positions();
        let driver = fix(1).driver;
        let watching = positions.live().watch(driver, time(0));
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
        assert_eq!(positions.live().last(&[driver]).await[0].1.at, time(12));
        assert_eq!(watching.borrow().unwrap().at, time(12));
        let around = Around {
            point: fix(12).point,
            radius_m: 1_000,
            limit: 5,
        };
        let near = positions.live().nearest(around, time(13)).await;
        assert_eq!((near.len(), near[0].driver), (1, driver));
    }

    #[test]
    fn a_driver_without_a_trip_is_seen_with_any_number_of_devices() {
        let positions = positions();
        for number in 0..20 {
            let fix = Fix {
                device: format!("app-{number}").into(),
                ..fix(number)
            };
            let verdict = positions.record(fix.driver, std::slice::from_ref(&fix), time(number as i64));
            assert_eq!(verdict, [FixVerdict::Accepted], "{number}");
        }
    }

    #[test]
    fn a_driver_is_seen_on_the_longest_trip() {
        let positions = positions();
        let on_a_trip = |number| Fix {
            trip: Some(TripId::derive(1, &[b"trip"])),
            ..fix(number)
        };
        for number in 1..=40_100_u32 {
            let verdicts = positions.record(fix(1).driver, &[on_a_trip(number.into())], time(number.into()));
            assert_eq!(verdicts, [FixVerdict::Accepted], "fix {number}");
        }
    }

    #[test]
    fn another_trip_begins_anew_and_still_knows_what_was_sent() {
        let positions = positions();
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
