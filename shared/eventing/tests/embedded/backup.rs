//! Copies of a log that is written meanwhile, and logs that are made of them.

use crate::{Node, ask, counter::CounterCommand, counting, fill, open, slow::Slow, start_on, total, walk};
use interstate_eventing::{
    Service,
    backup::{BackupError, restore, take},
    runtime::Commands,
};
use interstate_log::Log;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

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

/// Clients in the test of backups.
const CLIENTS: u64 = 8;
/// Commands that are acknowledged before and after it.
const SOME: u64 = 150;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_messages_fly_is_a_log_that_goes_on() {
    let (one, other, folder) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let log: Arc<dyn Log> = Arc::new(Slow(open(one.path())));
    let node = start_on(log.clone(), one.path(), None).await;
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let asking: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (commands, acknowledged, stop) = (node.commands.clone(), acknowledged.clone(), stop.clone());
            tokio::spawn(async move {
                let mut asked = Vec::new();
                for turn in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let n = turn * CLIENTS + client;
                    add_to(&commands, n).await;
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    asked.push(n);
                }
                asked
            })
        })
        .collect();
    let some_more = async || {
        let now = acknowledged.load(Ordering::SeqCst);
        while acknowledged.load(Ordering::SeqCst) < now + SOME {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    some_more().await;
    let before = acknowledged.load(Ordering::SeqCst);
    let backup = folder.path().join("backup");
    let manifest = take(&*log, &[counting()], &backup, |_, _| ()).await.unwrap();
    manifest.write(&backup).unwrap();
    some_more().await;
    stop.store(true, Ordering::SeqCst);
    let mut asked = Vec::new();
    for client in asking {
        asked.extend(client.await.unwrap());
    }
    let all = asked.len() as u64;
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
    assert!((before..all).contains(&sources), "{sources} of {before} to {all}");

    // All are asked once more: those that are in it are not done twice, and the others are done.
    for n in asked {
        add_to(&node.commands, n).await;
    }
    while sums(&node).await.1 < all {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(sums(&node).await, (all, all));
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
