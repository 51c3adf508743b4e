//! What the server has to be told: of each driver the last sighting only, so that it stays small however long the
//! server is away.

use super::Shared;
use crate::positions::{STALE_AFTER, Sighting};
use interstate_schemas::DriverId;
use rand::Rng;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::sync::Notify;

/// Drivers who may wait; of those on top the server hears with their next fix.
const MOST: usize = 200_000;
/// Sightings in one script: it holds the server up for less than a millisecond.
const BATCH: usize = 128;
/// Until it is tried again.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<HashMap<DriverId, Sighting>>,
    more: Notify,
}

impl Outbox {
    pub(super) fn add(&self, driver: DriverId, sighting: Sighting) {
        self.put([(driver, sighting)]);
        self.more.notify_one();
    }

    /// Those that wait, as of now.
    pub(super) fn waiting(&self) -> Vec<(DriverId, Sighting)> {
        self.lock()
            .iter()
            .map(|(driver, seen)| (*driver, *seen))
            .collect()
    }

    fn put(&self, seen: impl IntoIterator<Item = (DriverId, Sighting)>) {
        let mut waiting = self.lock();
        for (driver, sighting) in seen {
            let full = waiting.len() >= MOST;
            match waiting.get_mut(&driver) {
                Some(known) if known.at >= sighting.at => {}
                Some(known) => *known = sighting,
                None if full => {}
                None => _ = waiting.insert(driver, sighting),
            }
        }
    }

    fn some(&self) -> Vec<(DriverId, Sighting)> {
        let mut waiting = self.lock();
        let drivers: Vec<DriverId> = waiting.keys().take(BATCH).copied().collect();
        let some = drivers.into_iter();
        some.filter_map(|driver| waiting.remove_entry(&driver)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DriverId, Sighting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the server until it is aborted.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut connections = shared.link.connections();
    connections.mark_unchanged();
    loop {
        tokio::select! {
            () = shared.outbox.more.notified() => {}
            changed = connections.changed() => {
                if changed.is_err() {
                    return;
                }
                // It may have come back empty.
                shared.outbox.put(shared.here.lately());
            }
        }
        loop {
            let some = shared.outbox.some();
            if some.is_empty() {
                break;
            }
            let stale = shared
                .now
                .load(Ordering::Relaxed)
                .saturating_sub(STALE_AFTER.as_millis() as i64);
            let question = shared.scripts.take_up(&some, stale);
            let told = shared.link.ask("take-up-positions", |mut connection| async move {
                question.invocation().invoke_async::<i64>(&mut connection).await
            });
            if told.await.is_err() {
                shared.outbox.put(some);
                let share = rand::rng().random_range(0.5..1.0);
                tokio::time::sleep(PAUSE.mul_f64(share)).await;
            }
        }
    }
}
