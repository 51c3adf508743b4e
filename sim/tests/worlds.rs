//! Thousands of worlds, none of which may break a promise; and the simulator itself is tested: the same seed
//! gives the same history, and each planted bug is found.
#![allow(clippy::unwrap_used, reason = "tests")]

use interstate_eventing::plant::Bug;
use interstate_sim::world::{self, Outcome};
use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds that a world must survive.
const SEEDS: u64 = 2_000;
/// Within which each planted bug must show.
const BUG_SEEDS: u64 = 300;

/// The first seed below `seeds` whose world `wanted` picks; worlds run on two threads.
fn first(seeds: u64, bug: Option<Bug>, wanted: impl Fn(&Outcome) -> bool + Sync) -> Option<Outcome> {
    let (next, found) = (AtomicU64::new(0), std::sync::Mutex::new(None::<Outcome>));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || found.lock().unwrap().is_some() {
                        return;
                    }
                    let outcome = world::run(seed, bug, false);
                    if wanted(&outcome) {
                        found.lock().unwrap().get_or_insert(outcome);
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn worlds_keep_every_promise() {
    let broken = first(SEEDS, None, |outcome| !outcome.violations.is_empty());
    if let Some(broken) = broken {
        panic!(
            "seed {}: {:#?}\nreplay it: interstate-sim --seeds 1 --from {} --story",
            broken.seed, broken.violations, broken.seed
        );
    }
}

#[test]
fn worlds_get_something_done() {
    let idle = first(20, None, |outcome| outcome.acknowledged < 20);
    assert!(
        idle.is_none(),
        "a day on which nothing is acknowledged proves nothing"
    );
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for seed in 0..12 {
        let (one, other) = (world::run(seed, None, false), world::run(seed, None, true));
        assert_eq!((one.hash, one.polls), (other.hash, other.polls), "seed {seed}");
    }
    assert_ne!(world::run(1, None, false).hash, world::run(2, None, false).hash);
}

#[test]
fn each_planted_bug_is_found() {
    for bug in Bug::ALL {
        let found = first(BUG_SEEDS, Some(bug), |outcome| !outcome.violations.is_empty());
        let found = found.unwrap_or_else(|| panic!("{bug:?} was not found in {BUG_SEEDS} worlds"));
        println!("{bug:?}: seed {}: {}", found.seed, found.violations[0]);
    }
}
