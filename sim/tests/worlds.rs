//! Thousands of worlds, none of which may break a promise; and the simulator itself is tested: the same seed
//! gives the same history, and each planted bug is found.
#![allow(clippy::unwrap_used, reason = "tests")]

use interstate_eventing::plant::Bug;
use interstate_sim::world::{self, Outcome, World};
use std::sync::atomic::{AtomicU64, Ordering};

/// Worlds allocate much and give back much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds that a world of the simulator's own trade must survive.
const TRADE_SEEDS: u64 = 2_000;
/// Seeds that a world of the platform's services must survive.
const RIDES_SEEDS: u64 = 600;
/// Lines of a broken world's story that are told.
const LAST_LINES: usize = 100;
/// Within which each planted bug must show.
const BUG_SEEDS: u64 = 300;

/// The first seed below `seeds` whose world `wanted` picks; worlds run on two threads.
fn first(
    world: World,
    seeds: u64,
    bug: Option<Bug>,
    wanted: impl Fn(&Outcome) -> bool + Sync,
) -> Option<Outcome> {
    let (next, found) = (AtomicU64::new(0), std::sync::Mutex::new(None::<Outcome>));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || found.lock().unwrap().is_some() {
                        return;
                    }
                    let outcome = world::run(world, seed, bug, false);
                    if wanted(&outcome) {
                        found.lock().unwrap().get_or_insert(outcome);
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

fn keep_every_promise(world: World, seeds: u64) {
    let broken = first(world, seeds, None, |outcome| !outcome.violations.is_empty());
    if let Some(broken) = broken {
        let (seed, violations, replay) = (broken.seed, &broken.violations, broken.replay());
        let story = world::run(world, seed, None, true).story;
        let end = story[story.len().saturating_sub(LAST_LINES)..].join("\n");
        panic!("how it ended:\n{end}\nseed {seed}: {violations:#?}\nthe whole story: {replay}");
    }
}

#[test]
fn worlds_of_the_trade_keep_every_promise() {
    keep_every_promise(World::Trade, TRADE_SEEDS);
}

#[test]
fn worlds_of_the_platform_keep_every_promise() {
    keep_every_promise(World::Rides, RIDES_SEEDS);
}

#[test]
fn worlds_get_something_done() {
    for world in World::ALL {
        let idle = first(world, 20, None, |outcome| outcome.acknowledged < 20);
        assert!(
            idle.is_none(),
            "a day on which nothing is acknowledged proves nothing"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for world in World::ALL {
        for seed in 0..12 {
            let one = world::run(world, seed, None, false);
            let other = world::run(world, seed, None, true);
            assert_eq!(
                (one.hash, one.polls),
                (other.hash, other.polls),
                "{world}, seed {seed}"
            );
        }
        let (one, two) = (
            world::run(world, 1, None, false),
            world::run(world, 2, None, false),
        );
        assert_ne!(one.hash, two.hash);
    }
}

#[test]
fn each_planted_bug_is_found() {
    for world in World::ALL {
        for bug in world.bugs() {
            let found = first(world, BUG_SEEDS, Some(bug), |outcome| {
                !outcome.violations.is_empty()
            });
            let found = found.unwrap_or_else(|| panic!("{bug:?} was not found in {BUG_SEEDS} worlds"));
            println!("{world}, {bug:?}: seed {}: {}", found.seed, found.violations[0]);
        }
    }
}
