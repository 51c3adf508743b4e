//! A disk without room: acknowledgements stop, the process does not, and it goes on when there is room again.

use interstate_engines::on_a_small_disk;
use interstate_log::{
    AppendError, Log, LogError, PartitionId, Record, Topic, TopicSpec, Writer,
    embedded::{EmbeddedLog, Options},
};
use std::path::Path;

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
    let specs = [topic, Topic::commands("booking")].map(|topic| TopicSpec { topic, partitions: 1 });
    log.ensure(&specs).await.unwrap();
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
    let mut edge = log.sender(&Topic::commands("booking")).await.unwrap();
    let refused = edge.try_send(0, Record::default());
    assert!(
        matches!(refused, Err(LogError::Full(_))),
        "a command is taken into memory although nothing can be written: {refused:?}"
    );
    assert!(*log.shortage().unwrap().borrow(), "whoever waits is told");
    assert_eq!(count(&log).await, written, "what was acknowledged can be read");
    std::fs::remove_file(&ballast).unwrap();
    edge.try_send(0, Record::default())
        .expect("commands are taken again, whether anything was written since or not");
    assert!(!*log.shortage().unwrap().borrow());
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
    assert!(*log.shortage().unwrap().borrow(), "whoever waits is told");
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
