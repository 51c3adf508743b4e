//! One world: a day of a small trade in bad weather, then good weather, then the books are compared.

use crate::{
    faults::Faults,
    invariants::{self, Evidence, History},
    log::{Cluster, Mode},
    machines::Machines,
    riders::Riders,
    rng::Rng,
    sim::{Sim, WORLD, lock},
};
use interstate_eventing::plant::{self, Bug};
use std::time::Duration;

/// The bad weather ends at the latest after this.
const STORM: Duration = Duration::from_secs(60);
/// After the weather has cleared, everything must have come to rest within this.
const CALM: Duration = Duration::from_secs(60 * 60);

/// Small, so that queues in memory do fill up.
const QUEUE: usize = 16;

/// What came of a world.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What did not hold; empty when everything did.
    pub violations: Vec<String>,
    /// The hash of everything that happened: the same for the same seed.
    pub hash: u64,
    /// How often tasks ran.
    pub polls: u64,
    /// How long it lasted, in its own time.
    pub lasted: Duration,
    /// How many commands were acknowledged.
    pub acknowledged: usize,
    /// What happened, where it was told.
    pub story: Vec<String>,
}

/// Runs the world of a seed, with a planted bug or none, and tells its story if asked to.
pub fn run(seed: u64, bug: Option<Bug>, told: bool) -> Outcome {
    plant::switch(bug);
    let mut rng = Rng::new(seed);
    let mode = if rng.once_in(3) {
        Mode::Embedded
    } else {
        Mode::Kafka
    };
    let mut weather = Faults::draw(&mut rng);
    if mode == Mode::Embedded {
        weather.expelled = 0;
    }
    let sim = Sim::new(rng.bits(), weather, told);
    let cluster = Cluster::new(&sim, mode, QUEUE);
    let machines = Machines::new(&sim, cluster.clone(), if mode == Mode::Kafka { 2 } else { 1 });
    sim.spawn(WORLD, Box::pin(machines.clone().keep_running()));
    let riders = Riders::start(&machines, 3);

    sim.run(STORM, || riders.are_done());
    sim.set_faults(Faults::none());
    machines.heal();
    sim.tell(|| "the weather clears".to_owned());
    let calm = Duration::from_nanos(sim.now()) + CALM;
    let mut unfinished = Vec::new();
    let mut rested = false;
    while !rested && Duration::from_nanos(sim.now()) < calm {
        let until = Duration::from_nanos(sim.now()) + Duration::from_secs(5);
        sim.run(until, || false);
        if riders.are_done() {
            unfinished = invariants::unfinished(&cluster, mode, &machines);
            rested = unfinished.is_empty();
        }
    }
    machines.kill();
    sim.run(Duration::from_nanos(sim.now() + 1_000_000), || false);
    let (hash, polls, lasted) = (sim.hash(), sim.polls(), Duration::from_nanos(sim.now()));
    plant::switch(None);

    let mut violations = lock(&riders.complaints).clone();
    if !riders.are_done() {
        violations.push("somebody still waits for an answer, long after the weather has cleared".into());
    }
    violations.extend(unfinished);
    let journal = lock(&riders.journal).clone();
    match History::read(&cluster, mode) {
        Ok(history) => violations.extend(invariants::check(&Evidence {
            history: &history,
            journal: &journal,
            provider: &machines.provider.books(),
            machines: &machines,
            cluster: &cluster,
            fastest_clock: sim.fastest_clock(),
        })),
        Err(damage) => violations.push(damage),
    }
    let acknowledged = journal.len();
    let story = sim.story();
    sim.end();
    Outcome {
        seed,
        violations,
        hash,
        polls,
        lasted,
        acknowledged,
        story,
    }
}
