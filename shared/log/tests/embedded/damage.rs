//! Flipped bits and lost tails: noticed and named, never served.

use interstate_log::{
    Log, LogError, PartitionId, Record, Topic, TopicSpec,
    embedded::{EmbeddedLog, Options},
};
use std::path::{Path, PathBuf};

const BATCHES: usize = 300;
const SIZE: usize = 4;

fn batch(number: usize) -> Vec<Record> {
    (0..SIZE)
        .map(|index| Record {
            key: "key".into(),
            headers: vec![("ce_type".into(), "booking.confirmed.v1".into())],
            payload: format!("{number}.{index} {}", "x".repeat(200)).into(),
        })
        .collect()
}

fn specs() -> [TopicSpec; 1] {
    [TopicSpec {
        topic: Topic::events("booking"),
        partitions: 2,
    }]
}

/// A log of 300 batches.
async fn written(dir: &Path) {
    let log = EmbeddedLog::open(Options::new(dir)).unwrap();
    log.ensure(&specs()).await.unwrap();
    let mut writer = log.take_over(&PartitionId::new("booking", 0)).await.unwrap();
    for number in 0..BATCHES {
        writer.append(batch(number)).await.unwrap();
    }
    drop((writer, log));
    settle(dir).await;
}

/// Waits until nothing in the background touches the files any more.
async fn settle(dir: &Path) {
    let sizes = || {
        let found = files(dir).into_iter();
        found
            .map(|path| (path.metadata().map_or(0, |file| file.len()), path))
            .collect::<Vec<_>>()
    };
    let mut before = sizes();
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let now = sizes();
        if now == before {
            return;
        }
        before = now;
    }
    panic!("the files of a log that is closed still change after 5 s");
}

/// Reads everything as an owner would at start: all of it, or the error.
async fn read_all(dir: &Path) -> Result<Vec<Record>, LogError> {
    let log = EmbeddedLog::open(Options::new(dir))?;
    log.ensure(&specs()).await?;
    let events = Topic::events("booking");
    let end = log.end(&events, 0).await?;
    let mut reader = log.read(&events, 0, 0).await?;
    let (mut position, mut found) = (0, Vec::new());
    while position < end {
        let chunk = reader.next(500).await?;
        position = chunk.next;
        found.extend(chunk.records.into_iter().map(|stored| stored.record));
    }
    Ok(found)
}

fn expected() -> Vec<Record> {
    (0..BATCHES).flat_map(batch).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.metadata().is_ok_and(|file| file.len() > 0) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The journal's bytes that are in use; the file is larger from the start.
fn used(path: &Path) -> usize {
    let bytes = std::fs::read(path).unwrap();
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1)
}

fn journal(dir: &Path) -> PathBuf {
    let files = files(&dir.join("db"));
    let found = files
        .into_iter()
        .find(|path| path.extension().is_some_and(|ext| ext == "jnl"));
    found.expect("a journal")
}

#[tokio::test]
async fn a_truncated_journal_is_noticed_and_named() {
    let (dir, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(dir.path()).await;
    assert_eq!(read_all(dir.path()).await.unwrap(), expected());
    let length = used(&journal(dir.path()));
    for (number, keep) in [length - 1, length - 10, length - 300, length / 2, 100, 0]
        .into_iter()
        .enumerate()
    {
        let damaged = copies.path().join(number.to_string());
        copy(dir.path(), &damaged);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(journal(&damaged))
            .unwrap();
        file.set_len(keep as u64).unwrap();
        match read_all(&damaged).await {
            Err(LogError::Damaged { at, .. }) => {
                assert!(at.contains(damaged.to_str().unwrap()), "{at} names the place");
            }
            other => panic!("cut at {keep} of {length}: {:?}", other.map(|found| found.len())),
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_in_any_file_is_noticed_or_harmless() {
    let (dir, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(dir.path()).await;
    let mut noticed = 0;
    for path in files(dir.path()) {
        let inside = path.strip_prefix(dir.path()).unwrap();
        let length = used(&path);
        for part in 0..12 {
            let damaged = copies.path().join("copy");
            let _ = std::fs::remove_dir_all(&damaged);
            copy(dir.path(), &damaged);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = (length * part / 12 + part * 7).min(length.saturating_sub(1));
            bytes[at] ^= 1 << (part % 8);
            std::fs::write(damaged.join(inside), bytes).unwrap();
            match read_all(&damaged).await {
                Ok(found) => assert_eq!(found, expected(), "{} byte {at}: served wrong", inside.display()),
                Err(LogError::Damaged { .. }) => noticed += 1,
                Err(other) => panic!("{} byte {at}: {other:?}", inside.display()),
            }
        }
    }
    assert!(noticed > 12, "{noticed} flips were noticed");
}

#[tokio::test]
async fn a_missing_file_is_noticed_and_named() {
    let (dir, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(dir.path()).await;
    for path in files(dir.path()) {
        let inside = path.strip_prefix(dir.path()).unwrap();
        if inside.ends_with("lock") {
            continue;
        }
        let damaged = copies.path().join("copy");
        let _ = std::fs::remove_dir_all(&damaged);
        copy(dir.path(), &damaged);
        std::fs::remove_file(damaged.join(inside)).unwrap();
        match read_all(&damaged).await {
            Ok(found) => assert_eq!(found, expected(), "without {}: served wrong", inside.display()),
            Err(LogError::Damaged { .. }) => {}
            Err(other) => panic!("without {}: {other:?}", inside.display()),
        }
    }
    let damaged = copies.path().join("without the database");
    copy(dir.path(), &damaged);
    std::fs::remove_dir_all(damaged.join("db")).unwrap();
    let found = read_all(&damaged).await;
    assert!(
        matches!(found, Err(LogError::Damaged { .. })),
        "a log that began anew by itself"
    );
}
