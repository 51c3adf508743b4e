//! One world: a day of a small business in bad weather, then good weather, then the books are compared.

use crate::{
    clients::Clients,
    faults::Faults,
    here::time_at,
    invariants::{self, Chronicle, Evidence},
    log::{Cluster, Mode},
    machines::Machines,
    play::Play,
    rides::Rides,
    rng::Rng,
    sim::{Sim, WORLD, lock},
    trade::Trade,
};
use interstate_eventing::plant::{self, Bug, Ground};
use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Preparations in good weather take no longer than this.
const PREPARATION: Duration = Duration::from_secs(60);
/// The bad weather ends at the latest so long after it began.
const STORM: Duration = Duration::from_secs(60);
/// After the weather has cleared, everything must have come to rest within this.
const CALM: Duration = Duration::from_secs(3 * 60 * 60);
/// How often it is looked whether everything has.
const GLANCE: Duration = Duration::from_secs(5);

/// Small, so that queues in memory do fill up.
const QUEUE: usize = 16;

/// What a world is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// A compact business of the simulator's own: every mechanism of the engine, at little cost.
    Trade,
    /// The platform's own services: bookings, drivers, payments.
    Rides,
}

impl World {
    /// Both.
    pub const ALL: [World; 2] = [World::Trade, World::Rides];

    /// Its word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            World::Trade => "trade",
            World::Rides => "rides",
        }
    }

    /// The planted bugs that its worlds must find.
    pub fn bugs(self) -> impl Iterator<Item = Bug> {
        let ground = match self {
            World::Trade => Ground::Engine,
            World::Rides => Ground::Services,
        };
        let all = Bug::ALL.iter().copied();
        all.filter(move |bug| bug.grounds().contains(&ground))
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for World {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = World::ALL.into_iter().find(|world| world.as_str() == text);
        found.ok_or_else(|| format!("there is no world `{text}`; there are trade and rides"))
    }
}

/// What came of a world.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What it was about.
    pub world: World,
    /// Its seed.
    pub seed: u64,
    /// The bug that was planted.
    pub bug: Option<Bug>,
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

impl Outcome {
    /// The line that replays it.
    pub fn replay(&self) -> String {
        let bug = self.bug.map_or_else(String::new, |bug| format!(" --bug {bug:?}"));
        let (world, seed) = (self.world, self.seed);
        let here = "cargo run --release --locked -p interstate-sim --";
        format!("{here} --world {world} --seeds 1 --from {seed}{bug} --story")
    }
}

/// Runs the world of a seed, with a planted bug or none, and tells its story if asked to.
pub fn run(world: World, seed: u64, bug: Option<Bug>, told: bool) -> Outcome {
    let mut outcome = match world {
        World::Trade => play::<Trade>(seed, bug, told),
        World::Rides => play::<Rides>(seed, bug, told),
    };
    outcome.world = world;
    outcome
}

fn play<P: Play>(seed: u64, bug: Option<Bug>, told: bool) -> Outcome {
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
    let sim = Sim::new(rng.bits(), Faults::none(), told);
    let play = P::new(&sim);
    let cluster = Cluster::new(&sim, mode, QUEUE);
    let count = if mode == Mode::Kafka { 2 } else { 1 };
    let machines = Machines::new(&sim, cluster.clone(), count, &play);
    let books = play.books();
    let chronicle = Chronicle::new(cluster.clone(), mode, &machines.services, books);
    let chronicle = Arc::new(Mutex::new(chronicle));
    let clients = Clients::new(&machines);

    play.prepare(&clients);
    let prepared = clients.are_done();
    if prepared {
        sim.set_faults(weather.clone());
    }
    sim.spawn(WORLD, Box::pin(machines.clone().keep_running()));
    if !prepared {
        sim.run(PREPARATION, || clients.are_done());
        sim.tell(|| "the day begins, and bad weather with it".to_owned());
        sim.set_faults(weather);
    }
    play.people(&clients, &chronicle);
    let storm = Duration::from_nanos(sim.now()) + STORM;
    sim.run(storm, || clients.are_done());
    sim.set_faults(Faults::none());
    machines.heal();
    sim.tell(|| "the weather clears".to_owned());
    let calm = Duration::from_nanos(sim.now()) + CALM;
    let mut unfinished = Vec::new();
    let mut rested = false;
    while !rested && Duration::from_nanos(sim.now()) < calm {
        let until = Duration::from_nanos(sim.now()) + GLANCE;
        sim.run(until, || false);
        if clients.are_done() {
            let now = time_at(sim.now() as i64);
            unfinished = invariants::unfinished(&mut lock(&chronicle), &machines, now);
            rested = unfinished.is_empty();
        }
    }
    machines.kill();
    sim.run(Duration::from_nanos(sim.now() + 1_000_000), || false);
    let (hash, polls, lasted) = (sim.hash(), sim.polls(), Duration::from_nanos(sim.now()));
    plant::switch(None);

    let mut violations = lock(&clients.complaints).clone();
    if !clients.are_done() {
        violations.push("somebody still waits for an answer, long after the weather has cleared".into());
    }
    violations.extend(unfinished);
    let journal = lock(&clients.journal).clone();
    {
        let chronicle = &mut *lock(&chronicle);
        match chronicle.catch_up() {
            Ok(()) => violations.extend(invariants::check(&Evidence {
                history: &chronicle.history,
                journal: &journal,
                books: &chronicle.books,
                machines: &machines,
                cluster: &cluster,
                fastest_clock: sim.fastest_clock(),
            })),
            Err(damage) => violations.push(damage),
        }
    }
    let acknowledged = journal.len();
    let story = sim.story();
    sim.end();
    Outcome {
        world: World::Trade,
        seed,
        bug,
        violations,
        hash,
        polls,
        lasted,
        acknowledged,
        story,
    }
}
