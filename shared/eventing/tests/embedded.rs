//! A whole service on the embedded log: asked at once by many, stopped, killed, started again.
#![allow(clippy::unwrap_used, reason = "tests")]

use interstate_eventing::{
    Address, Aggregate, Context, Deadline, Decision, Message, Rejection, Service, Topology,
    backup::{BackupError, restore, take},
    events,
    runtime::{Ask, AskError, Clock, Commands, Env, Host, MachineClock, Statuses, TokioSpawn},
    snapshot::Snapshots,
    store::FjallCaches,
};
use interstate_log::{
    Log,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::{Actor, AddressedCommand, SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Added {
    by: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rang {}

events! {
    pub enum CounterEvent {
        Added(Added) = "counter.added.v1",
        Rang(Rang) = "counter.rang.v1",
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Counter {
    total: u64,
    rings_at: Option<Timestamp>,
    rings: u32,
}

#[derive(Debug, Serialize, Deserialize)]
enum CounterCommand {
    Add(u64),
    /// Adds here, and as much to another counter.
    AddTo(u64, String),
    Get,
    Panic,
    Ring,
}

impl AddressedCommand for CounterCommand {
    const SERVICE: &'static str = "counting";
    const AGGREGATE: &'static str = "counter";
}

impl Aggregate for Counter {
    const NAME: &'static str = "counter";
    type Command = CounterCommand;
    type Event = CounterEvent;

    fn decide(&self, command: CounterCommand, _: &Context<'_>) -> Result<Decision<CounterEvent>, Rejection> {
        match command {
            CounterCommand::Add(0) => Err(Rejection::invalid("counter.nothing", "nothing to add")),
            CounterCommand::Add(by) => Ok(Decision::event(Added { by }).reply(&(self.total + by))),
            CounterCommand::AddTo(by, other) => Ok(Decision::event(Added { by })
                .send(Message::to(other, &CounterCommand::Add(by)))
                .reply(&(self.total + by))),
            CounterCommand::Get => Ok(Decision::nothing().reply(&(self.total, self.rings))),
            CounterCommand::Panic => panic!("on purpose"),
            CounterCommand::Ring => Ok(Decision::event(Rang {})),
        }
    }

    fn evolve(&mut self, event: &CounterEvent, time: Timestamp) {
        match event {
            CounterEvent::Added(added) => {
                self.total += added.by;
                self.rings_at = Some(time + SignedDuration::from_millis(300));
            }
            CounterEvent::Rang(_) => {
                self.rings += 1;
                self.rings_at = None;
            }
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.rings_at
            .map(|due| Deadline::new("ring", due))
            .into_iter()
            .collect()
    }

    fn deadline_reached(_: &str) -> Option<CounterCommand> {
        Some(CounterCommand::Ring)
    }
}

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

/// Asks of one counter each that it adds to another one, each under a key of its own.
async fn add_to(commands: &Commands, n: u64) {
    let command = CounterCommand::AddTo(1, format!("target-{}", n % 7));
    let ask = ask(&format!("source-{}", n % 5), &command).idempotent("add", &n.to_string());
    commands.ask(ask).await.unwrap();
}

/// What all sources, and all targets, have come to.
async fn sums(node: &Node) -> (u64, u64) {
    let mut sums = (0, 0);
    for n in 0..7 {
        sums.0 += total(node, &format!("source-{n}")).await.0;
        sums.1 += total(node, &format!("target-{n}")).await.0;
    }
    sums
}

/// Commands in the test of backups.
const ASKED: u64 = 600;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_messages_fly_is_a_log_that_goes_on() {
    let (one, other, folder) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let log = open(one.path());
    let node = start_on(log.clone(), one.path(), None).await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let asking: Vec<_> = (0..8)
        .map(|client| {
            let (commands, acknowledged) = (node.commands.clone(), acknowledged.clone());
            tokio::spawn(async move {
                for n in (0..ASKED).filter(|n| n % 8 == client) {
                    add_to(&commands, n).await;
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    while acknowledged.load(Ordering::SeqCst) < ASKED / 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before = acknowledged.load(Ordering::SeqCst);
    let backup = folder.path().join("backup");
    let manifest = take(&*log, &[counting()], &backup, |_, _| ()).await.unwrap();
    manifest.write(&backup).unwrap();
    let after = acknowledged.load(Ordering::SeqCst);
    assert!(after < ASKED, "it was taken beside the work");
    for task in asking {
        task.await.unwrap();
    }
    node.host.stop().await;

    let log = open(other.path());
    let restored = restore(&*log, &[counting()], &backup, |_, _| ()).await.unwrap();
    assert_eq!(restored, manifest);
    let node = start_on(log, other.path(), None).await;
    // What was under way is sent again.
    let began = std::time::Instant::now();
    let (sources, targets) = loop {
        let (sources, targets) = sums(&node).await;
        if sources == targets || began.elapsed() > Duration::from_secs(20) {
            break (sources, targets);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(sources, targets, "nothing is under way for ever");
    assert!(
        (before..ASKED).contains(&sources),
        "{sources} of {before} to {ASKED}"
    );

    // All are asked once more: those that are in it are not done twice, and the others are done.
    for n in 0..ASKED {
        add_to(&node.commands, n).await;
    }
    while sums(&node).await.1 < ASKED {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(sums(&node).await, (ASKED, ASKED));
    let incarnation = node
        .commands
        .ask(ask("source-0", &CounterCommand::Get))
        .await
        .unwrap();
    assert_eq!(incarnation.incarnation, 2, "tokens of before are answered");
    node.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_backup_or_no_empty_log_is_refused() {
    let (one, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(one.path(), 20, 1).await;
    let log = open(one.path());
    let services = [counting()];
    log.ensure(&interstate_eventing::runtime::topics("counting", 4))
        .await
        .unwrap();
    let backup = folder.path();
    let fill_from = async |log: &dyn Log, services: &[Service]| {
        restore(log, services, backup, |_, _| ()).await.unwrap_err()
    };
    let empty = tempfile::tempdir().unwrap();
    let fresh = open(empty.path());
    let error = fill_from(&*fresh, &services).await;
    assert!(matches!(error, BackupError::NoBackup(_)), "{error}");

    take(&*log, &services, backup, |_, _| ())
        .await
        .unwrap()
        .write(backup)
        .unwrap();
    let error = take(&*log, &services, backup, |_, _| ()).await.unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    let error = fill_from(&*log, &services).await;
    assert!(matches!(error, BackupError::Filled { .. }), "{error}");
    let error = fill_from(&*fresh, &[counting().partitions(2)]).await;
    assert!(
        error
            .to_string()
            .contains("counting 4, and the services here have counting 2"),
        "{error}"
    );

    let file = walk(backup)
        .into_iter()
        .max_by_key(|file| file.metadata().unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let error = fill_from(&*fresh, &services).await;
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    // None of these has written anything.
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    restore(&*fresh, &services, backup, |_, _| ()).await.unwrap();
}
