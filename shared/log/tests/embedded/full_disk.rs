//! A disk without room: acknowledgements stop, the process does not, and it goes on when there is room again.

use interstate_log::{
    AppendError, Log, LogError, PartitionId, Record, Topic, TopicSpec, Writer,
    embedded::{EmbeddedLog, Options},
};
use std::path::{Path, PathBuf};

/// Set in the process that has the small disk.
const DISK: &str = "LOG_TEST_SMALL_DISK";

/// Runs the test of this name again, in a mount namespace with a small disk of its own.
fn on_a_small_disk(test: &str, megabytes: u32) -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(DISK) {
        return Some(dir.into());
    }
    let dir = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size={megabytes}m tmpfs \"${DISK}\" && exec \"$0\" --exact {test} --nocapture"
    );
    let status = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(DISK, dir.path())
        .status()
        .expect("unshare (util-linux) runs");
    assert!(status.success(), "the test on the small disk failed");
    None
}

fn batch(number: usize) -> Vec<Record> {
    (0..8)
        .map(|index| Record {
            payload: format!("{number}.{index} {}", "x".repeat(4000)).into(),
            ..Record::default()
        })
        .collect()
}

async fn open(dir: &Path, reserve: u64) -> (EmbeddedLog, Box<dyn Writer>) {
    let mut options = Options::new(dir.join("log"));
    options.reserve = reserve;
    let log = EmbeddedLog::open(options).unwrap();
    let topic = Topic::events("booking");
    log.ensure(&[TopicSpec { topic, partitions: 1 }]).await.unwrap();
    let writer = take_over(&log).await;
    (log, writer)
}

async fn take_over(log: &EmbeddedLog) -> Box<dyn Writer> {
    log.take_over(&PartitionId::new("booking", 0)).await.unwrap()
}

async fn count(log: &EmbeddedLog) -> usize {
    let events = Topic::events("booking");
    let end = log.end(&events, 0).await.unwrap();
    let mut reader = log.read(&events, 0, 0).await.unwrap();
    let (mut position, mut count) = (0, 0);
    while position < end {
        let chunk = reader.next(500).await.unwrap();
        for stored in chunk.records {
            let begins = format!("{}.{} ", count / 8, count % 8);
            assert!(stored.record.payload.starts_with(begins.as_bytes()), "{begins}");
            count += 1;
        }
        position = chunk.next;
    }
    assert_eq!(count % 8, 0);
    count / 8
}

#[tokio::test]
async fn a_disk_that_fills_up_stops_acknowledgements_and_nothing_else() {
    let Some(dir) = on_a_small_disk(
        "full_disk::a_disk_that_fills_up_stops_acknowledgements_and_nothing_else",
        80,
    ) else {
        return;
    };
    let ballast = dir.join("somebody else's file");
    std::fs::write(&ballast, vec![1; 40 << 20]).unwrap();
    let (log, mut writer) = open(&dir, 16 << 20).await;
    let mut written = 0;
    let error = loop {
        match writer.append(batch(written)).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, AppendError::Aborted(LogError::Full(_))),
        "{error:?}"
    );
    assert!(written > 100, "only {written} fitted");
    assert_eq!(count(&log).await, written, "what was acknowledged can be read");
    std::fs::remove_file(&ballast).unwrap();
    writer.append(batch(written)).await.expect("there is room again");
    assert_eq!(count(&log).await, written + 1);
}

#[tokio::test]
async fn a_disk_that_is_full_to_the_last_byte_is_got_over_as_well() {
    let Some(dir) = on_a_small_disk(
        "full_disk::a_disk_that_is_full_to_the_last_byte_is_got_over_as_well",
        60,
    ) else {
        return;
    };
    let ballast = dir.join("somebody else's file");
    std::fs::write(&ballast, vec![1; 30 << 20]).unwrap();
    // No reserve: the write itself fails, halfway.
    let (log, mut writer) = open(&dir, 0).await;
    let mut written = 0;
    let error = loop {
        match writer.append(batch(written)).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    let full = matches!(
        error,
        AppendError::Unknown(LogError::Full(_)) | AppendError::Aborted(LogError::Full(_))
    );
    assert!(full, "{error:?}");
    std::fs::remove_file(&ballast).unwrap();
    drop(writer);
    let mut writer = take_over(&log).await;
    let found = count(&log).await;
    assert!(
        (written..=written + 1).contains(&found),
        "{written} acknowledged, {found} found"
    );
    for number in found..found + 10 {
        writer.append(batch(number)).await.expect("there is room again");
    }
    drop((writer, log));
    let (log, _) = open(&dir, 0).await;
    assert_eq!(count(&log).await, found + 10);
}
