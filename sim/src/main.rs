//! `interstate-sim`: many worlds, each from its seed.

use clap::Parser;
use interstate_eventing::plant::Bug;
use interstate_sim::world::{self, Outcome, World};
use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    sync::mpsc,
    time::Instant,
};

/// Worlds allocate much and give back much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs simulated worlds and compares their books. A seed that fails prints the line that replays it.
#[derive(Parser)]
#[command(name = "interstate-sim", version)]
struct Options {
    /// What the worlds are about: `trade`, the simulator's own, or `rides`, the platform's services.
    #[arg(long, default_value_t = World::Trade)]
    world: World,
    /// How many worlds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// A planted bug to switch on, by its name; `all` tries each of this world until it is found.
    #[arg(long)]
    bug: Option<String>,
    /// Tells the story of each world.
    #[arg(long)]
    story: bool,
    /// How many worlds at once.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Goes on after a world that fails.
    #[arg(long)]
    keep_going: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match options.bug.as_deref() {
        Some("all") => find_all(&options),
        None => run(&options, None),
        Some(name) => match Bug::ALL.iter().find(|bug| format!("{bug:?}") == name) {
            Some(bug) => run(&options, Some(*bug)),
            None => {
                eprintln!("there is no planted bug `{name}`; there are {:?}", Bug::ALL);
                ExitCode::FAILURE
            }
        },
    }
}

/// Worlds side by side; hands each outcome over and stops when told to.
fn worlds(options: &Options, bug: Option<Bug>, mut each: impl FnMut(Outcome) -> bool) {
    let next = AtomicU64::new(options.from);
    let stop = AtomicBool::new(false);
    let end = options.from.saturating_add(options.seeds);
    std::thread::scope(|scope| {
        let (sender, outcomes) = mpsc::sync_channel(16);
        for _ in 0..options.threads.max(1) {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end
                        || sender
                            .send(world::run(options.world, seed, bug, options.story))
                            .is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for outcome in &outcomes {
            if !each(outcome) {
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
    });
}

fn run(options: &Options, bug: Option<Bug>) -> ExitCode {
    let started = Instant::now();
    let (mut count, mut failed, mut acknowledged, mut polls) = (0_u64, 0_u64, 0, 0);
    worlds(options, bug, |outcome| {
        count += 1;
        acknowledged += outcome.acknowledged;
        polls += outcome.polls;
        if options.story {
            println!("{}", outcome.story.join("\n"));
        }
        if !outcome.violations.is_empty() {
            failed += 1;
            report(&outcome, options.story);
        } else if count.is_multiple_of(500) {
            let rate = count as f64 / started.elapsed().as_secs_f64();
            println!(
                "{count} of {} worlds, {rate:.0}/s, {acknowledged} commands acknowledged, {failed} failed",
                options.seeds
            );
        }
        outcome.violations.is_empty() || options.keep_going
    });
    println!(
        "{count} worlds, {acknowledged} commands acknowledged, {polls} turns of tasks, {failed} failed, in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn report(outcome: &Outcome, told: bool) {
    if !told {
        let again = world::run(outcome.world, outcome.seed, outcome.bug, true);
        for line in &again.story {
            println!("{line}");
        }
    }
    println!(
        "\nseed {} fails after {:.1} s of its own time and {} turns of tasks:",
        outcome.seed,
        outcome.lasted.as_secs_f64(),
        outcome.polls
    );
    for violation in &outcome.violations {
        println!("  {violation}");
    }
    println!("replay it: {}", outcome.replay());
}

/// How many of the worlds find each bug; with `--keep-going` all are played, else up to the first that does.
fn find_all(options: &Options) -> ExitCode {
    let mut missed = 0;
    for bug in options.world.bugs() {
        let (mut played, mut failed) = (0_u64, 0_u64);
        let mut found = None;
        worlds(options, Some(bug), |outcome: Outcome| {
            played += 1;
            if !outcome.violations.is_empty() {
                failed += 1;
                found.get_or_insert(outcome);
            }
            found.is_none() || options.keep_going
        });
        match found {
            Some(outcome) => println!(
                "{bug:?}: found in {failed} of {played} worlds; seed {}: {}",
                outcome.seed, outcome.violations[0]
            ),
            None => {
                missed += 1;
                println!("{bug:?}: NOT FOUND in {played} worlds");
            }
        }
    }
    if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
