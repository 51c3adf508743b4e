//! A process that follows is killed with -9, again and again; every event counts once.

use crate::{
    history,
    server::{PATIENCE, Server, database},
};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const LOG: &str = "FACTS_LOG";
const URL: &str = "FACTS_URL";
const EVENTS: u64 = 48 * 640;
const KILLS: u32 = 40;

/// Not a test of its own: the process that is killed. It follows until it has everything.
#[tokio::test]
#[ignore = "is run by the test below"]
async fn follower() {
    let (Ok(folder), Ok(url)) = (std::env::var(LOG), std::env::var(URL)) else {
        return;
    };
    let log = history::open(Path::new(&folder)).await;
    let (_running, consumers) = history::follow(&log, &database(&url));
    std::fs::write(Path::new(&folder).with_extension("following"), "").unwrap();
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let status = consumers.status();
        if status.len() == 2 && status.iter().all(|consumer| consumer.sequence == EVENTS) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come to the end: {:?}", consumers.status());
}

fn start(folder: &Path, url: &str) -> Child {
    let _ = std::fs::remove_file(folder.with_extension("following"));
    let told = std::fs::File::create(folder.with_extension("follower")).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["killed::follower", "--exact", "--ignored"])
        .env(LOG, folder)
        .env(URL, url)
        .stdout(told)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn rows(server: &Server) -> u64 {
    server.number("SELECT count() FROM events").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_counts_once_however_often_its_reader_is_killed() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let folder = &dir.path().join("log");
    {
        let log = history::open(folder).await;
        for partition in 0..2 {
            // Batches of uneven sizes against the runners' chunks.
            assert_eq!(history::write(&log, partition, 0, EVENTS / 48, 48).await, EVENTS);
        }
    }
    server.database().prepare().await.unwrap();
    // How long the last process that was waited for took to new rows: the measure of those that
    // are killed by time.
    let mut block = Duration::ZERO;
    let (mut kills, mut counts) = (0_u32, vec![0]);
    let began = Instant::now();
    loop {
        let mut follower = start(folder, &server.url());
        let following = folder.with_extension("following");
        let mut began_at = None;
        // Every third behind its first rows: it comes forward on a machine of any speed. The others
        // from before the first announcement to behind the second block.
        let behind_rows = kills % 3 == 0;
        let ended = loop {
            if let Some(ended) = follower.try_wait().unwrap() {
                break Some(ended);
            }
            if began_at.is_none() && following.exists() {
                began_at = Some(Instant::now());
            }
            let over = match began_at {
                None => false,
                Some(at) if behind_rows => {
                    block = at.elapsed();
                    counts.last() < Some(&rows(&server).await)
                }
                Some(at) => at.elapsed() >= block * (4 + kills * 7 % 17) / 10,
            };
            if over && kills < KILLS {
                break None;
            }
            assert!(
                began.elapsed() < PATIENCE * 4,
                "after {kills} kills it is not at the end"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        match ended {
            Some(ended) => {
                let told = std::fs::read_to_string(folder.with_extension("follower")).unwrap();
                assert!(ended.success(), "the follower gave up: {told}");
                break;
            }
            None => {
                follower.kill().unwrap();
                follower.wait().unwrap();
                kills += 1;
                counts.push(rows(&server).await);
            }
        }
    }
    counts.dedup();
    let again = server
        .number("SELECT count() - uniqExact(partition, sequence) FROM events")
        .await;
    println!(
        "killed {kills} times, {} times with more rows than before, {again} doubled",
        counts.len()
    );
    assert!(
        kills >= KILLS / 4 && counts.len() > 5,
        "it was not killed in the midst: {kills} {counts:?}"
    );
    for (table, rows) in history::rows(EVENTS) {
        let found = server.number(&format!("SELECT count() FROM {table}")).await;
        assert_eq!(found, 2 * rows, "{table}");
    }
    let summed = server.number("SELECT sum(sequence) FROM events").await;
    assert_eq!(summed, EVENTS * (EVENTS + 1), "each of them, and not one twice");
    let daily = server.number("SELECT sum(events) FROM events_daily").await;
    assert_eq!(daily, 2 * EVENTS, "and once in what views make of them");
}
