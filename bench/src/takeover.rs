//! A partition with a long log changes its owner: to an instance that has followed it, after its owner was killed with
//! -9; and to one with an empty disk, which starts from a snapshot.
//!
//! The owner is a process of its own, so that it can be killed as it stands.

use crate::{node, note::Note, note::Write};
use futures::{StreamExt, stream};
use interstate_eventing::{
    Service,
    runtime::{Activity, Ask, Commands, Env, Host},
    snapshot::Snapshots,
};
use interstate_log::PartitionId;
use interstate_schemas::Actor;
use std::{
    error::Error,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Events of one command, each of another aggregate: there are as many states as commands.
const EVENTS: u8 = 50;
/// Bytes of a command, which each of its events has again.
const BYTES: usize = 80;
/// Commands under way at once.
const AT_ONCE: usize = 512;
/// The platform's default.
const SNAPSHOT_EVERY: u64 = 100_000;
/// Nothing here takes as long as this.
const WITHIN: Duration = Duration::from_secs(600);

/// What the owner is told, and the parent with it.
#[derive(clap::Args)]
pub struct Load {
    /// A broker's address.
    #[arg(long)]
    brokers: String,
    /// Events in the partition.
    #[arg(long, default_value_t = 5_000_000)]
    events: u64,
    /// Own the partition, fill it, say so, and wait to be killed.
    #[arg(long, hide = true, requires_all = ["prefix", "snapshots"])]
    own: bool,
    /// What the topics' names begin with.
    #[arg(long, hide = true)]
    prefix: Option<String>,
    /// Where snapshots are kept.
    #[arg(long, hide = true)]
    snapshots: Option<PathBuf>,
}

fn service() -> Service {
    Service::new("notes").partitions(1).aggregate::<Note>()
}

fn id() -> PartitionId {
    PartitionId::new("notes", 0)
}

/// A process's worth of it: a disk, and a place in the group.
fn env(brokers: &str, prefix: &str, dir: &Path, snapshots: &Path) -> Result<Env, Box<dyn Error>> {
    let log = node::kafka_under(brokers, prefix)?;
    let mut env = node::env(log, dir, &[service()])?;
    env.instance = format!("bench-{}", rand::random::<u32>());
    env.snapshots = Some(Snapshots::in_folder(snapshots, SNAPSHOT_EVERY)?);
    Ok(env)
}

pub async fn run(load: Load) -> Result<(), Box<dyn Error>> {
    match (&load.prefix, &load.snapshots) {
        (Some(prefix), Some(snapshots)) if load.own => own(&load, prefix, snapshots).await,
        _ => measure(&load).await,
    }
}

async fn own(load: &Load, prefix: &str, snapshots: &Path) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let env = env(&load.brokers, prefix, dir.path(), snapshots)?;
    let _host = Host::start(&env, vec![service()]).await?;
    wait("the owner decides", || activity(&env) == Some(Activity::Running)).await?;
    let commands = Commands::new(env.clone());
    let count = load.events / u64::from(EVENTS);
    stream::iter(0..count)
        .map(|number| write(&commands, number))
        .buffer_unordered(AT_ONCE)
        .fold(Ok(()), async |so_far: Result<(), String>, one| so_far.and(one))
        .await?;
    println!("filled");
    std::future::pending::<()>().await;
    Ok(())
}

async fn write(commands: &Commands, number: u64) -> Result<(), String> {
    let command = Write::of_size(BYTES, EVENTS);
    let began = Instant::now();
    loop {
        let ask = Ask::to(format!("note-{number}"), &command, Actor::System);
        match commands.ask(ask).await {
            Ok(_) => return Ok(()),
            Err(error) if began.elapsed() > WITHIN => return Err(error.to_string()),
            // A queue is full: how long it takes to fill the log is not measured here.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

fn activity(env: &Env) -> Option<Activity> {
    env.statuses
        .snapshot()
        .remove(&id())
        .map(|status| status.activity)
}

async fn wait(what: &str, so: impl Fn() -> bool) -> Result<Instant, String> {
    let began = Instant::now();
    while !so() {
        if began.elapsed() > WITHIN {
            return Err(format!("{what}: nothing came of it in {WITHIN:?}"));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(Instant::now())
}

/// Ends with the measurement.
struct Owner(Child);

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn measure(load: &Load) -> Result<(), Box<dyn Error>> {
    let (_, prefix) = node::kafka(&load.brokers)?;
    let (kept, one, empty) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let child = Command::new(std::env::current_exe()?)
        .args([
            "takeover",
            "--own",
            "--brokers",
            &load.brokers,
            "--prefix",
            &prefix,
        ])
        .args(["--events", &load.events.to_string()])
        .arg("--snapshots")
        .arg(kept.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut owner = Owner(child);
    let mut out = BufReader::new(owner.0.stdout.take().ok_or("the owner has no output")?);
    let mut line = String::new();
    out.read_line(&mut line)?;
    if line.trim() != "filled" {
        return Err("the owner has not filled the partition".into());
    }

    let follower = env(&load.brokers, &prefix, one.path(), kept.path())?;
    let host = Host::start(&follower, vec![service()]).await?;
    let caught_up = || {
        follower
            .statuses
            .followed()
            .get(&id())
            .is_some_and(|seen| *seen >= load.events)
    };
    wait("the follower has caught up", caught_up).await?;
    let killed = Instant::now();
    owner.0.kill()?;
    let (decided, running) = taken_over(&follower).await?;
    let replayed = follower.statuses.snapshot()[&id()].replayed;
    write(&Commands::new(follower.clone()), 0).await?;
    host.stop().await;

    let mut fresh = env(&load.brokers, &prefix, empty.path(), kept.path())?;
    // What it would load before the partition is given to it counts here.
    fresh.follows = false;
    let host = Host::start(&fresh, vec![service()]).await?;
    let (found, owned) = taken_over(&fresh).await?;
    let read = fresh.statuses.snapshot()[&id()].replayed;
    host.stop().await;
    let ms = |from: Instant, until: Instant| until.duration_since(from).as_secs_f64() * 1e3;
    println!(
        "{}",
        serde_json::json!({
            "what": "takeover", "events": load.events, "states": load.events / u64::from(EVENTS),
            "follower_ms": ms(decided, running), "follower_replayed": replayed,
            "kill_to_running_ms": ms(killed, running),
            "empty_disk_ms": ms(found, owned), "empty_disk_replayed": read,
        })
    );
    Ok(())
}

/// When this instance was given the partition, and when it could decide.
async fn taken_over(env: &Env) -> Result<(Instant, Instant), String> {
    let decided = wait("the partition is given", || activity(env).is_some()).await?;
    let running = wait("it is taken over", || activity(env) == Some(Activity::Running)).await?;
    Ok((decided, running))
}
