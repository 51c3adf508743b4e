//! Positions that instances share on a Redis server.
//!
//! The last position of each driver is a hash, written by one script that never lets an older one replace a newer
//! one, and published on the driver's channel by the same script. Channels, not a stream: only the last position
//! counts, a reader may miss those in between, and the fixes are in the log anyhow.

mod following;
mod outbox;
mod scripts;

use super::{Around, FARTHEST_M, KEPT, LivePositions, MemoryPositions, NearDriver, STALE_AFTER, Sighting};
use crate::{
    keys,
    redis::{Away, Link},
};
use async_trait::async_trait;
use following::Following;
use interstate_schemas::{DriverId, Timestamp};
use outbox::Outbox;
use scripts::Scripts;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::{sync::watch, task::JoinHandle};

/// Positions on a server. What runs beside it ends when it is dropped.
pub(crate) struct RedisPositions {
    shared: Arc<Shared>,
    beside: [JoinHandle<()>; 2],
}

struct Shared {
    link: Arc<Link>,
    /// What this process has seen itself, or was told because somebody here follows the driver.
    here: MemoryPositions,
    outbox: Outbox,
    following: Following,
    scripts: Scripts,
    /// The latest log time, in milliseconds, that anybody has told.
    now: AtomicI64,
}

impl RedisPositions {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        let shared = Arc::new(Shared {
            scripts: Scripts::new(&link),
            link,
            here: MemoryPositions::default(),
            outbox: Outbox::default(),
            following: Following::default(),
            now: AtomicI64::new(i64::MIN),
        });
        let beside = [
            tokio::spawn(outbox::run(shared.clone())),
            tokio::spawn(following::run(shared.clone())),
        ];
        Self { shared, beside }
    }
}

impl Drop for RedisPositions {
    fn drop(&mut self) {
        self.beside.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    fn key_of(&self, driver: DriverId) -> String {
        keys::POSITION.of(&self.link, driver)
    }

    /// What the server knows of these drivers, in their order.
    async fn known_there(&self, drivers: &[DriverId]) -> Result<Vec<Option<Sighting>>, Away> {
        let mut questions = redis::pipe();
        for driver in drivers {
            questions.cmd("HGET").arg(self.key_of(*driver)).arg("sighting");
        }
        let answers: Vec<Option<String>> = self
            .link
            .ask("last-positions", |mut connection| async move {
                questions.query_async(&mut connection).await
            })
            .await?;
        Ok(answers.into_iter().map(|text| read(&text?)).collect())
    }

    async fn near_there(&self, around: Around, now: Timestamp) -> Result<Vec<(DriverId, Sighting)>, Away> {
        let stale = now.as_millisecond() - STALE_AFTER.as_millis() as i64;
        let question = self.scripts.nearest(around, stale);
        let found: Vec<(String, String)> = self
            .link
            .ask("nearest-positions", |mut connection| async move {
                question.invocation().invoke_async(&mut connection).await
            })
            .await?;
        let sightings = found.iter();
        let sightings = sightings.map(|(driver, text)| Some((driver.parse().ok()?, read(text)?)));
        Ok(sightings.flatten().collect())
    }

    fn tell_time(&self, now: Timestamp) {
        self.now.fetch_max(now.as_millisecond(), Ordering::Relaxed);
    }

    /// Someone else has seen a driver whom somebody follows here.
    fn told(&self, driver: DriverId, sighting: Sighting) {
        let now = Timestamp::from_millisecond(self.now.load(Ordering::Relaxed)).unwrap_or(sighting.at);
        self.here.take_up(driver, sighting, now);
    }
}

#[async_trait]
impl LivePositions for RedisPositions {
    fn saw(&self, driver: DriverId, sighting: Sighting, now: Timestamp) {
        self.shared.tell_time(now);
        if self.shared.here.take_up(driver, sighting, now) {
            self.shared.outbox.add(driver, sighting);
        }
    }

    async fn last(&self, drivers: &[DriverId]) -> Vec<(DriverId, Sighting)> {
        let there = match drivers {
            [] => Ok(Vec::new()),
            some => self.shared.known_there(some).await,
        };
        let there = there.unwrap_or_default();
        let seen = drivers.iter().enumerate().map(|(at, &driver)| {
            let (here, there) = (self.shared.here.known(driver), there.get(at).copied().flatten());
            Some((driver, later(here, there)?))
        });
        seen.flatten().collect()
    }

    async fn nearest(&self, around: Around, now: Timestamp) -> Vec<NearDriver> {
        self.shared.tell_time(now);
        let Ok(found) = self.shared.near_there(around, now).await else {
            return self.shared.here.around(around, now);
        };
        // What is still on its way there is newer.
        let mut seen: HashMap<DriverId, Sighting> = found.into_iter().collect();
        seen.extend(self.shared.outbox.waiting());
        let radius = f64::from(around.radius_m.min(FARTHEST_M));
        let near = seen
            .into_iter()
            .map(|(driver, seen)| (driver, seen, seen.point.metres_to(around.point)));
        let near =
            near.filter(|(_, seen, metres)| *metres <= radius && now.duration_since(seen.at) <= STALE_AFTER);
        let mut near: Vec<NearDriver> = near
            .map(|(driver, seen, metres)| NearDriver {
                driver,
                point: seen.point,
                metres: metres.round() as u32,
                seen_at: seen.at,
            })
            .collect();
        near.sort_by_key(|near| (near.metres, near.driver));
        near.truncate(around.limit);
        near
    }

    fn watch(&self, driver: DriverId, now: Timestamp) -> watch::Receiver<Option<Sighting>> {
        self.shared.tell_time(now);
        let receiver = self.shared.here.follow(driver, now);
        self.shared.following.add(driver);
        receiver
    }
}

fn later(one: Option<Sighting>, other: Option<Sighting>) -> Option<Sighting> {
    one.into_iter().chain(other).max_by_key(|seen| seen.at)
}

/// What another version has written and this one cannot read is nothing.
fn read(text: &str) -> Option<Sighting> {
    serde_json::from_str(text).ok()
}

/// As it is written: for so long it is known where somebody was.
fn lives_millis() -> i64 {
    i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX)
}
