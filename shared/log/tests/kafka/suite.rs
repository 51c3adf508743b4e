//! The conformance suite on a broker.

use crate::{broker::Brokers, harness, story};
use interstate_log::{
    AppendError, Log, LogError, PartitionId, Record, Topic, TopicSpec,
    kafka::{KafkaLog, Options},
};
use std::time::{Duration, SystemTime};

#[test]
fn the_log_on_kafka_keeps_every_promise_of_the_port() {
    story::tell(async |doing| {
        let broker = Brokers::start(1);
        harness::every_case(&broker, &doing).await;
    });
}

#[test]
fn the_log_on_three_brokers_keeps_every_promise_too() {
    story::tell(async |doing| {
        let brokers = Brokers::start(3);
        harness::every_case(&brokers, &doing).await;
    });
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "it is the machine's clock that is wrong"
)]
fn a_machine_whose_clock_is_far_ahead_writes_nothing() {
    story::tell(async |doing| {
        let broker = Brokers::start(1);
        let partition = PartitionId::new("booking", 0);
        let topic = Topic::events("booking");
        let specs = [TopicSpec {
            topic: topic.clone(),
            partitions: 1,
        }];
        let written = async |clock: fn() -> SystemTime| {
            let log = KafkaLog::new(Options {
                clock,
                ..broker.options()
            })
            .unwrap();
            log.ensure(&specs).await.unwrap();
            let mut writer = log.take_over(&partition).await.unwrap();
            writer.append(vec![Record::default()]).await
        };
        doing.now("writing with a clock that is a little ahead");
        let end = written(|| SystemTime::now() + Duration::from_secs(20))
            .await
            .unwrap();
        doing.now("writing with a clock that is far ahead");
        let refused = written(|| SystemTime::now() + Duration::from_secs(40)).await;
        assert!(
            matches!(&refused, Err(AppendError::Aborted(LogError::ClockAhead { seconds })) if *seconds > 30),
            "{refused:?}"
        );
        let mut reader = broker.log().read(&topic, 0, end).await.unwrap();
        assert_eq!(
            reader.poll(10).await.unwrap().records,
            [],
            "nothing of it can be read"
        );
        written(SystemTime::now).await.unwrap();
    });
}

#[test]
fn a_topic_that_somebody_changed_is_told_with_what_it_ought_to_be() {
    story::tell(async |doing| {
        let broker = Brokers::start(1);
        let topic = Topic::events("booking");
        let specs = [TopicSpec { topic, partitions: 2 }];
        let log = broker.log();
        let missing = log.differences(&specs).await.unwrap().unwrap();
        assert_eq!(missing, ["topic booking.events does not exist"]);
        log.ensure(&specs).await.unwrap();
        assert_eq!(log.differences(&specs).await.unwrap().unwrap(), [""; 0]);
        doing.now("changing the topic");
        let topic = ["--entity-type", "topics", "--entity-name", "booking.events"];
        let change = ["--alter", "--add-config", "retention.ms=86400000"];
        broker.tool("configs", &[&topic[..], &change].concat());
        let changed = log.differences(&specs).await.unwrap().unwrap();
        assert_eq!(
            changed,
            ["topic booking.events: retention.ms is 86400000 and ought to be -1"]
        );
    });
}
