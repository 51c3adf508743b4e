//! Telemetry is kept for a time, and nothing else goes with it.

use interstate_log::{
    Log, LogError, PartitionId, Record, Topic, TopicKind, TopicSpec,
    embedded::{EmbeddedLog, Options},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Bytes of a record.
const RECORD: usize = 256 << 10;
/// With so many records the table in memory is full, and goes into a file.
const FILE: usize = 16;

async fn open(dir: &Path) -> EmbeddedLog {
    let log = EmbeddedLog::open(Options {
        fixes: Duration::from_secs(1),
        ..Options::new(dir)
    })
    .unwrap();
    let specs = [fixes(), Topic::events("location")].map(|topic| TopicSpec { topic, partitions: 1 });
    log.ensure(&specs).await.unwrap();
    log
}

fn fixes() -> Topic {
    Topic::new("location", TopicKind::Fixes)
}

fn records(count: usize) -> Vec<Record> {
    // Nothing that could be made much shorter.
    let noise = |place: u64| (place.wrapping_mul(place).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 29) as u8;
    let record = Record {
        payload: (0..RECORD as u64).map(noise).collect::<Vec<u8>>().into(),
        ..Record::default()
    };
    vec![record; count]
}

async fn report(log: &EmbeddedLog, count: usize) {
    let mut sender = log.sender(&fixes()).await.unwrap();
    for record in records(count) {
        sender.send(0, record).await.unwrap().await.unwrap().unwrap();
    }
}

async fn at(log: &EmbeddedLog, topic: &Topic, offset: u64) -> Result<u64, LogError> {
    let mut reader = log.read(topic, 0, offset).await?;
    Ok(reader.poll(1).await?.next)
}

/// Waits until the oldest fix is gone, doing this in between.
async fn forgotten(log: &EmbeddedLog, mut meanwhile: impl AsyncFnMut()) {
    let until = Instant::now() + Duration::from_secs(60);
    while at(log, &fixes(), 0).await.is_ok() {
        assert!(Instant::now() < until, "the oldest fix is still there");
        tokio::time::sleep(Duration::from_millis(300)).await;
        meanwhile().await;
    }
}

#[tokio::test]
async fn fixes_that_are_older_than_they_are_kept_go_and_everything_else_stays() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    let mut writer = log.take_over(&PartitionId::new("location", 0)).await.unwrap();
    writer.append(records(16)).await.unwrap();
    writer.append(records(16)).await.unwrap();
    report(&log, 20).await;
    forgotten(&log, async || report(&log, 20).await).await;
    let end = log.end(&fixes(), 0).await.unwrap();
    assert_eq!(
        at(&log, &fixes(), end - 1).await.unwrap(),
        end,
        "the newest is there"
    );
    assert_eq!(at(&log, &Topic::events("location"), 0).await.unwrap(), 1);
    drop((writer, log));

    let log = open(dir.path()).await;
    assert_eq!(log.end(&fixes(), 0).await.unwrap(), end);
    assert_eq!(at(&log, &fixes(), end - 1).await.unwrap(), end);
    assert_eq!(at(&log, &Topic::events("location"), 0).await.unwrap(), 1);
}

#[tokio::test]
async fn where_all_fixes_are_gone_the_next_one_goes_on_counting() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    // As many as go into one file, so that nothing is left in memory.
    report(&log, FILE).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop(log);
    // What is too old goes when the log is opened.
    forgotten(&open(dir.path()).await, async || {}).await;
    let log = open(dir.path()).await;
    let end = FILE as u64;
    assert_eq!(log.end(&fixes(), 0).await.unwrap(), end);
    report(&log, 1).await;
    assert_eq!(log.end(&fixes(), 0).await.unwrap(), end + 1);
    assert_eq!(at(&log, &fixes(), end).await.unwrap(), end + 1);
}
