//! The conformance suite on a broker.

use crate::{broker::Brokers, harness, story};
use interstate_log::{Log, Topic, TopicSpec};

#[test]
fn the_log_on_kafka_keeps_every_promise_of_the_port() {
    story::tell(async |doing| {
        let broker = Brokers::start(1);
        harness::every_case(&broker, &doing).await;
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
