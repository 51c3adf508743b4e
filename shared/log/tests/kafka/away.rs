//! Brokers that are not there, or do not answer: said in words, within a bound.

use crate::{
    broker::Brokers,
    story::{self, Doing},
};
use interstate_log::{
    Assignment, Log, LogError, PartitionId, Record, Topic, TopicKind, TopicSpec,
    kafka::{KafkaLog, Options},
};
use std::time::{Duration, Instant};

fn specs(service: &str) -> Vec<TopicSpec> {
    [TopicKind::Commands, TopicKind::Events]
        .map(|kind| TopicSpec {
            topic: Topic::new(service.to_owned(), kind),
            partitions: 1,
        })
        .to_vec()
}

async fn every_operation_is_refused(doing: Doing, brokers: &str, word: &str) {
    doing.now("asking brokers that are not there");
    let mut options = Options::new(brokers);
    options.reach_timeout = Duration::from_secs(2);
    let log = KafkaLog::new(options).unwrap();
    let topic = Topic::events("booking");
    let id = PartitionId::new("booking", 0);
    let began = Instant::now();
    let answers = [
        log.ensure(&specs("booking")).await.err(),
        log.take_over(&id).await.err(),
        log.read(&topic, 0, 0).await.err(),
        log.end(&topic, 0).await.err(),
        log.sender(&topic).await.err(),
        log.join("booking").await.err(),
    ];
    assert!(
        began.elapsed() < Duration::from_secs(6 * 3),
        "{:?}",
        began.elapsed()
    );
    for answer in answers {
        match answer {
            Some(LogError::Unreachable { at, why }) => {
                assert_eq!(at, brokers);
                assert!(why.to_lowercase().contains(word), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_broker_at_the_address_is_said_in_bounded_time() {
    story::tell(|doing| async move {
        every_operation_is_refused(doing, "127.0.0.1:1", "refused").await;
    });
}

#[test]
fn an_address_that_does_not_exist_is_said_in_bounded_time() {
    story::tell(|doing| async move {
        every_operation_is_refused(doing, "no-such-host.invalid:9092", "resolve").await;
    });
}

#[test]
fn a_setting_that_the_client_does_not_know_is_refused_at_once() {
    let mut options = Options::new("127.0.0.1:1");
    options.client = [("no.such.setting", "1")].into_iter().collect();
    let error = KafkaLog::new(options).err().expect("refused");
    assert!(error.to_string().contains("no.such.setting"), "{error}");
}

#[test]
fn a_silent_broker_fills_the_queue_and_nothing_is_lost_when_it_wakes() {
    story::tell(|doing| async move {
        let broker = Brokers::start(1);
        let mut options = broker.options();
        options.queue_capacity = 100;
        let log = KafkaLog::new(options).unwrap();
        log.ensure(&specs("booking")).await.unwrap();
        let topic = Topic::commands("booking");
        let mut sender = log.sender(&topic).await.unwrap();
        let record = |number: usize| Record {
            payload: number.to_string().into(),
            ..Record::default()
        };
        sender.send(0, record(0)).await.unwrap().await.unwrap().unwrap();

        doing.now("filling the queue of a silent broker");
        broker.signal(1, "STOP");
        let mut deliveries = Vec::new();
        let refused = loop {
            match sender.try_send(0, record(deliveries.len() + 1)) {
                Ok(delivery) => deliveries.push(delivery),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, LogError::Overloaded(_)), "{refused:?}");
        assert!(deliveries.len() >= 99, "{}", deliveries.len());
        tokio::time::sleep(Duration::from_secs(2)).await;
        broker.signal(1, "CONT");
        let count = deliveries.len() + 1;
        doing.now("waiting for the deliveries of a broker that woke up");
        for delivery in deliveries {
            delivery.await.unwrap().unwrap();
        }
        doing.now(format!("reading {count} records back"));
        let mut reader = log.read(&topic, 0, 0).await.unwrap();
        let mut found = Vec::new();
        while found.len() < count {
            found.extend(reader.next(1000).await.unwrap().records);
        }
        for (number, stored) in found.iter().enumerate() {
            assert_eq!(stored.record.payload, number.to_string());
        }
    });
}

#[test]
fn a_member_that_cannot_reach_the_group_proves_nothing() {
    story::tell(|doing| async move {
        let broker = Brokers::start(1);
        let mut options = broker.options();
        options.reach_timeout = Duration::from_secs(2);
        let log = KafkaLog::new(options).unwrap();
        log.ensure(&specs("booking")).await.unwrap();
        doing.now("joining the group");
        let mut membership = log.join("booking").await.unwrap();
        let Assignment::Assigned(_, lease) = membership.next().await.unwrap() else {
            panic!("nothing is revoked before it is assigned");
        };
        assert!(lease.prove().await.unwrap());
        broker.signal(1, "STOP");
        doing.now("asking for a proof");
        let began = Instant::now();
        let proof = lease.prove().await;
        assert!(matches!(proof, Err(LogError::Unreachable { .. })), "{proof:?}");
        assert!(began.elapsed() < Duration::from_secs(4));
        broker.signal(1, "CONT");
    });
}
