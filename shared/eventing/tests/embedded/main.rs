//! A whole service on the embedded log: asked at once by many, stopped, killed, started again, copied.
#![allow(clippy::unwrap_used, reason = "tests")]

mod backup;
mod cache;
mod counter;
mod slow;
mod stopping;

use counter::{Counter, CounterCommand};
use interstate_eventing::{
    Address, Service, Topology,
    runtime::{Ask, AskError, Clock, Commands, Env, Host, MachineClock, Statuses, TokioSpawn},
    snapshot::Snapshots,
    store::FjallCaches,
};
use interstate_log::{
    Log,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::Actor;
use std::{path::Path, sync::Arc, time::Duration};

struct Node {
    commands: Commands,
    statuses: Statuses,
    host: Host,
}

async fn start(dir: &Path) -> Node {
    start_with(dir, None).await
}

async fn start_with(dir: &Path, snapshots: Option<Snapshots>) -> Node {
    start_on(open(dir), dir, snapshots).await
}

fn open(dir: &Path) -> Arc<dyn Log> {
    Arc::new(EmbeddedLog::open(Options::new(dir.join("log"))).unwrap())
}

fn counting() -> Service {
    Service::new("counting").aggregate::<Counter>()
}

async fn start_on(log: Arc<dyn Log>, dir: &Path, snapshots: Option<Snapshots>) -> Node {
    let service = counting();
    let caches = Arc::new(FjallCaches::open(&dir.join("cache")).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(MachineClock::real());
    let mut env = Env::new(
        log,
        clock,
        Arc::new(TokioSpawn),
        caches,
        "node",
        Topology::of([&service]),
    );
    env.snapshots = snapshots;
    let host = Host::start(&env, vec![service]).await.unwrap();
    Node {
        statuses: env.statuses.clone(),
        commands: Commands::new(env),
        host,
    }
}

fn ask(id: &str, command: &CounterCommand) -> Ask {
    Ask::new(Address::of::<CounterCommand>(id), command, Actor::System)
}

async fn total(node: &Node, id: &str) -> (u64, u32) {
    node.commands
        .ask(ask(id, &CounterCommand::Get))
        .await
        .unwrap()
        .decode()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_decided_once_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let asks = (0..200u64).map(|n| {
        let commands = node.commands.clone();
        tokio::spawn(async move {
            let command = CounterCommand::AddTo(1, format!("target-{}", n % 7));
            // Each one twice with the same key: once is what counts.
            let ask = ask(&format!("source-{}", n % 5), &command).idempotent("add", &n.to_string());
            let (first, second) = tokio::join!(commands.ask(ask.clone()), commands.ask(ask));
            assert_eq!(first.unwrap().reply, second.unwrap().reply);
        })
    });
    for task in asks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let rejected = node.commands.ask(ask("source-0", &CounterCommand::Add(0))).await;
    assert!(matches!(rejected, Err(AskError::Rejected(rejection)) if rejection.code == "counter.nothing"));
    let panicked = node.commands.ask(ask("source-0", &CounterCommand::Panic)).await;
    assert!(matches!(panicked, Err(AskError::Failed { code, .. }) if code == "command.panicked"));
    node.host.stop().await;
    drop(node.commands);
    tokio::time::sleep(Duration::from_millis(400)).await;

    let node = start(dir.path()).await;
    // Asked before: the remembered reply, and nothing happens again.
    let again = ask("source-0", &CounterCommand::AddTo(1, "target-0".into())).idempotent("add", "0");
    node.commands.ask(again.clone()).await.unwrap();
    let other = ask("source-0", &CounterCommand::Add(5)).idempotent("add", "0");
    assert_eq!(node.commands.ask(other).await, Err(AskError::OtherBody));
    let (mut sources, mut targets) = (0, 0);
    for n in 0..7 {
        sources += total(&node, &format!("source-{n}")).await.0;
        let (value, _) = total(&node, &format!("target-{n}")).await;
        targets += value;
    }
    assert_eq!(
        (sources, targets),
        (200, 200),
        "every message arrived exactly once"
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        total(&node, "target-0").await.1,
        1,
        "the deadline that fell due while nobody ran has fired"
    );
    node.host.stop().await;
}

/// So many are added to the first log, and more to the second.
const ADDED: u64 = 60;

/// Fills a log with one counter, `by` at a time.
async fn fill(dir: &Path, count: u64, by: u64) {
    let node = start(dir).await;
    for _ in 0..count {
        node.commands
            .ask(ask("a counter", &CounterCommand::Add(by)))
            .await
            .unwrap();
    }
    node.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_used_where_the_log_has_its_history_and_nowhere_else() {
    let (one, other, kept) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let snapshots = Snapshots::in_folder(kept.path(), 20).unwrap();
    fill(one.path(), ADDED, 1).await;
    fill(other.path(), 3 * ADDED, 2).await;

    // One is taken where the partition is taken over.
    let node = start_with(one.path(), Some(snapshots.clone())).await;
    let files = || walk(kept.path());
    while files().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    node.host.stop().await;
    drop(node.commands);
    let file = files().remove(0);

    std::fs::remove_dir_all(one.path().join("cache")).unwrap();
    let node = start_with(one.path(), Some(snapshots.clone())).await;
    assert_eq!(total(&node, "a counter").await.0, ADDED);
    assert!(read(&node) < 20, "{}", read(&node));
    node.host.stop().await;
    drop(node.commands);

    // It is nothing to another log, though that is as long.
    std::fs::remove_dir_all(other.path().join("cache")).unwrap();
    let node = start_with(other.path(), Some(snapshots.clone())).await;
    assert_eq!(total(&node, "a counter").await.0, 6 * ADDED);
    assert!(read(&node) > 3 * ADDED, "{}", read(&node));
    node.host.stop().await;
    drop(node.commands);

    // Nor to one that is not as long yet.
    let short = tempfile::tempdir().unwrap();
    let node = start_with(short.path(), Some(snapshots.clone())).await;
    assert_eq!(total(&node, "a counter").await.0, 0);
    node.host.stop().await;
    drop(node.commands);

    // One that has rotted is no harm.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    for file in files() {
        std::fs::write(file, &bytes).unwrap();
    }
    std::fs::remove_dir_all(one.path().join("cache")).unwrap();
    let node = start_with(one.path(), Some(snapshots)).await;
    assert_eq!(total(&node, "a counter").await.0, ADDED);
    node.host.stop().await;
}

/// Records that were read when the partitions were taken over.
fn read(node: &Node) -> u64 {
    node.statuses
        .snapshot()
        .values()
        .map(|status| status.replayed)
        .max()
        .unwrap_or_default()
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(walk(&path)),
            false => found.push(path),
        }
    }
    found
}
