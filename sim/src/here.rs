//! What a process sees of the world: its clock, its way to start work, its disk, and its bad luck.

use crate::sim::{ProcessId, Sim, lock};
use async_trait::async_trait;
use futures::future::BoxFuture;
use interstate_eventing::{
    projection::{Moment, Sequencer},
    runtime::{Clock, Spawn, Stores},
    store::{MemoryStore, StateStore, StoreError},
};
use interstate_schemas::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The moment at which every world begins: 2026-11-01, in seconds since 1970.
const BEGINNING: i64 = 1_793_491_200;

/// A process's place in the world.
#[derive(Clone)]
pub struct Here {
    /// The world.
    pub sim: Sim,
    /// The process.
    pub process: ProcessId,
}

impl Here {
    /// A process of this world.
    pub fn new(sim: &Sim, process: ProcessId) -> Self {
        Self {
            sim: sim.clone(),
            process,
        }
    }

    /// An operation begins or ends: time passes, and the process may die, stand still, or lose its clock.
    pub async fn pass(&self) {
        let sim = &self.sim;
        if self.process != crate::sim::WORLD {
            if sim.strikes(|faults| faults.crash) {
                sim.doom(self.process);
                return std::future::pending().await;
            }
            if sim.strikes(|faults| faults.pause) {
                let pause = sim.draw(|rng| rng.between(1_000, 20_000));
                let process = self.process;
                sim.tell(|| format!("{} stands still for {pause} ms", sim.name(process)));
                sim.pause(process);
                let again = sim.clone();
                sim.call_at(sim.now() + pause * 1_000_000, move || {
                    again.tell(|| format!("{} goes on", again.name(process)));
                    again.resume(process);
                });
            }
            if sim.strikes(|faults| faults.clock_jump) {
                // Ahead by less than the tolerance: log time follows the fastest clock.
                let offset = sim.draw(|rng| rng.between(0, 85_000)) as i64 - 60_000;
                sim.tell(|| format!("the clock of {} is now {offset} ms ahead", sim.name(self.process)));
                sim.set_clock(self.process, offset * 1_000_000);
            }
        }
        let micros = if sim.strikes(|faults| faults.slow) {
            sim.draw(|rng| rng.between(1_000, 1_000_000))
        } else {
            sim.draw(|rng| rng.between(20, 2_000))
        };
        sim.sleep(Duration::from_micros(micros)).await;
    }
}

#[async_trait]
impl Clock for Here {
    fn now(&self) -> Timestamp {
        let nanos = self.sim.now() as i64 + self.sim.clock_offset(self.process);
        time_at(nanos)
    }

    async fn sleep_until(&self, time: Timestamp) {
        let left = time.duration_since(Clock::now(self));
        if left.is_positive() {
            // Bounded, so that a clock that is set back or forth is noticed.
            let left = left.unsigned_abs();
            let wait = left.clamp(Duration::from_millis(1), Duration::from_secs(60));
            self.sim.sleep(wait).await;
        }
    }

    async fn sleep(&self, real: Duration) {
        self.sim.sleep(real).await;
    }
}

/// The time of day at so many nanoseconds after the beginning.
pub fn time_at(nanos: i64) -> Timestamp {
    Timestamp::from_second(BEGINNING)
        .and_then(|beginning| beginning.checked_add(SignedDuration::from_nanos(nanos)))
        .expect("worlds last for hours")
}

impl Spawn for Here {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.sim.spawn(self.process, future);
    }
}

/// A machine's disk: what one process leaves there, the next one on it finds.
#[derive(Clone, Default)]
pub struct Disk {
    caches: Arc<Mutex<BTreeMap<(String, u32), MemoryStore>>>,
}

impl Disk {
    /// Everything on it is gone.
    pub fn lose(&self) {
        lock(&self.caches).clear();
    }
}

impl Stores for Disk {
    fn open(&self, service: &str, partition: u32) -> Result<Box<dyn StateStore>, StoreError> {
        let mut caches = lock(&self.caches);
        Ok(Box::new(
            caches.entry((service.to_owned(), partition)).or_default().clone(),
        ))
    }
}

/// The moments of a read model's store in a process.
pub struct StoreMoments(pub Here);

#[async_trait]
impl Sequencer for StoreMoments {
    async fn reach(&self, moment: Moment) -> Result<(), String> {
        let sim = &self.0.sim;
        if sim.strikes(|faults| faults.store) {
            if sim.draw(|rng| rng.once_in(2)) {
                sim.doom(self.0.process);
                return std::future::pending().await;
            }
            return Err(format!("the store went away ({moment:?})"));
        }
        self.0.pass().await;
        Ok(())
    }
}
