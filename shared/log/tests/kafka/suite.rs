//! The conformance suite on a broker.

use crate::{broker::Brokers, story};
use async_trait::async_trait;
use interstate_log::{
    Log, Topic, TopicSpec,
    conformance::{self, Harness},
    kafka::Options,
};
use std::{sync::Arc, time::Duration};

#[async_trait]
impl Harness for Brokers {
    async fn open(&self) -> Arc<dyn Log> {
        Arc::new(self.log())
    }

    /// Clients hold nothing that a dead process would not leave behind as well.
    async fn crash(&self) {}

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn service(&self) -> String {
        Brokers::service(self)
    }

    fn max_record(&self) -> usize {
        Options::new("").max_record
    }

    fn members_share(&self) -> bool {
        true
    }
}

#[test]
fn the_log_on_kafka_keeps_every_promise_of_the_port() {
    story::tell(async |doing| {
        let broker = Brokers::start(1);
        for case in conformance::cases() {
            println!("conformance: {}", case.name);
            doing.now(format!("at {}", case.name));
            (case.run)(&broker).await;
        }
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
