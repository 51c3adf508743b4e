//! Processes that die or freeze in mid-write, and a broker that does.

use crate::{
    broker::Brokers,
    common::{self, LogWriter},
    story,
};
use interstate_log::{
    AppendError, Log, LogError, PartitionId, Record, Topic, TopicSpec, Writer, kafka::KafkaLog,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const SIZE: usize = 5;

fn batch(number: u64) -> Vec<Record> {
    (0..SIZE)
        .map(|index| Record {
            payload: format!("{number}.{index}").into(),
            ..Record::default()
        })
        .collect()
}

async fn take_over(log: &KafkaLog, service: &str) -> Box<dyn Writer> {
    let topic = Topic::events(service.to_owned());
    log.ensure(&[TopicSpec { topic, partitions: 1 }]).await.unwrap();
    log.take_over(&PartitionId::new(service.to_owned(), 0))
        .await
        .unwrap()
}

/// The number of batches, every one of them whole and in its place.
pub async fn count(log: &KafkaLog, service: &str) -> u64 {
    try_count(log, service).await.unwrap()
}

/// The same where a broker may be gone.
pub async fn try_count(log: &KafkaLog, service: &str) -> Result<u64, LogError> {
    let events = Topic::events(service.to_owned());
    let end = log.end(&events, 0).await?;
    let mut reader = log.read(&events, 0, 0).await?;
    let (mut position, mut count) = (0, 0);
    while position < end {
        let chunk = reader.next(1000).await?;
        for stored in chunk.records {
            let expected = format!("{}.{}", count / SIZE, count % SIZE);
            assert_eq!(stored.record.payload, expected);
            count += 1;
        }
        position = chunk.next;
    }
    assert_eq!(count % SIZE, 0, "half a batch");
    Ok((count / SIZE) as u64)
}

#[test]
fn a_killed_process_loses_nothing_acknowledged_and_leaves_no_half_batch() {
    // Bounded by itself: every wait for the process is.
    let broker = Brokers::start(1);
    common::survives_kills("kafka", &broker.bootstrap, &broker.service(), 8);
}

#[test]
fn a_process_that_was_frozen_past_its_fencing_writes_nothing_when_it_thaws() {
    story::tell(|doing| async move {
        let broker = Brokers::start(1);
        let (service, log) = (broker.service(), broker.log());
        let (mut zombie, _) = LogWriter::start("kafka", &broker.bootstrap, &service);
        doing.now("waiting for the first batches");
        zombie.wait_for(50);
        let pid = zombie.child.id().to_string();
        interstate_engines::signal(&[&pid], "STOP").unwrap();
        doing.now("taking over from a frozen process");
        let mut writer = take_over(&log, &service).await;
        let found = count(&log, &service).await;
        writer.append(batch(found)).await.unwrap();
        interstate_engines::signal(&[&pid], "CONT").unwrap();
        doing.now("waiting for the end of the zombie");
        let until = Instant::now() + Duration::from_secs(20);
        while zombie.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "the zombie goes on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let complaint = zombie.complaint();
        assert!(complaint.contains("Fenced"), "{complaint}");
        writer.append(batch(found + 1)).await.unwrap();
        assert_eq!(count(&log, &service).await, found + 2);
    });
}

/// Appends until something happens to the broker; then a takeover must find one of two states.
async fn interrupted(log: &KafkaLog, service: &str, found: u64, so_far: &AtomicU64) -> (u64, AppendError) {
    let mut writer = take_over(log, service).await;
    let mut number = found;
    loop {
        match writer.append(batch(number)).await {
            Ok(_) => {
                number += 1;
                so_far.store(number, Ordering::SeqCst);
            }
            Err(error) => return (number, error),
        }
    }
}

/// Freezes the broker for longer than a transaction may last, or kills it and brings it back.
fn strike(broker: &Brokers, round: u64) {
    if round.is_multiple_of(2) {
        broker.signal(1, "STOP");
        std::thread::sleep(Duration::from_secs(6));
        broker.signal(1, "CONT");
    } else {
        broker.run(&["kill-node", "1"]);
        std::thread::sleep(Duration::from_secs(5));
        broker.run(&["start-node", "1"]);
    }
}

#[test]
fn a_broker_that_freezes_or_dies_in_mid_commit_leaves_one_of_two_states() {
    story::tell(|doing| async move {
        let broker = Brokers::start(1);
        let service = broker.service();
        let mut options = broker.options();
        options.append_timeout = Duration::from_secs(2);
        options.request_timeout = options.append_timeout;
        options.transaction_timeout = options.append_timeout;
        let log = KafkaLog::new(options).unwrap();
        let mut found = 0;
        let so_far = Arc::new(AtomicU64::new(0));
        let mut round = 0;
        while round < 4 {
            let writing = {
                let (log, service, so_far) = (log.clone(), service.clone(), so_far.clone());
                tokio::spawn(async move { interrupted(&log, &service, found, &so_far).await })
            };
            doing.now(format!("writing before strike {round}"));
            // A broker that is slow enough can fail a batch by itself: that has to end in one of two states too.
            while so_far.load(Ordering::SeqCst) < found + 50 && !writing.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let struck = !writing.is_finished();
            if struck {
                // At another point of a transaction each time.
                tokio::time::sleep(Duration::from_micros(1_700 * round)).await;
                tokio::task::block_in_place(|| strike(&broker, round));
            }
            doing.now(format!("waiting for the end of the batch of strike {round}"));
            let ended = tokio::time::timeout(Duration::from_secs(60), writing).await;
            let (acknowledged, error) = ended.expect("a batch ends in bounded time").unwrap();
            doing.now(format!("taking over after strike {round}"));
            let _fences_what_is_left = take_over(&log, &service).await;
            let now = count(&log, &service).await;
            println!("round {round}: {acknowledged} acknowledged, {now} found, {error}");
            assert!(acknowledged > found || !struck, "the round wrote something");
            match error {
                AppendError::Aborted(_) => assert_eq!(now, acknowledged),
                _ => assert!(
                    (acknowledged..=acknowledged + 1).contains(&now),
                    "{acknowledged}, {now}"
                ),
            }
            found = now;
            round += u64::from(struck);
        }
    });
}
