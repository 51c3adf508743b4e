//! The tasks' promises on a real broker.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "it is shared with the tests of the log")]
#[path = "../../../log/tests/kafka/broker.rs"]
mod broker;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../../log/tests/kafka/story.rs"]
mod story;

use async_trait::async_trait;
use broker::Brokers;
use common::InTest;
use interstate_eventing::{
    conformance::{self, Harness, Process},
    runtime::{MachineClock, NoStores},
};
use std::{sync::Arc, time::Duration};

struct OnBroker(Brokers);

#[async_trait]
impl Harness for OnBroker {
    async fn process(&self) -> Process {
        let process = InTest::default();
        Process {
            log: Arc::new(self.0.log()),
            clock: Arc::new(MachineClock::real()),
            spawn: Arc::new(process.clone()),
            stores: Arc::new(NoStores),
            life: Arc::new(process),
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn many_processes(&self) -> bool {
        true
    }

    /// The broker waits 6 s for a sign of life of a member.
    fn takeover(&self) -> Duration {
        Duration::from_secs(20)
    }
}

#[test]
fn tasks_on_kafka_keep_every_promise() {
    story::tell(|doing| async move {
        let broker = OnBroker(Brokers::start(1));
        for case in conformance::cases() {
            println!("conformance: {}", case.name);
            doing.now(format!("at {}", case.name));
            (case.run)(&broker).await;
        }
    });
}
