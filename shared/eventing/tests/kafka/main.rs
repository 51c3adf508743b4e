//! The tasks' promises on a real broker.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "it is shared with the tests of the log")]
#[path = "../../../log/tests/kafka/broker.rs"]
mod broker;
#[path = "../common/mod.rs"]
mod common;
mod deadly;
#[path = "../../../log/tests/kafka/story.rs"]
mod story;

use async_trait::async_trait;
use broker::Brokers;
use common::InTest;
use interstate_config::Bucket;
use interstate_engines::Engine;
use interstate_eventing::{
    conformance::{self, Harness, Process},
    runtime::{MachineClock, NoStores},
};
use object_store::ObjectStore;
use std::{sync::Arc, time::Duration};

/// Brokers, and a bucket.
struct OnServers(Brokers, Engine);

#[async_trait]
impl Harness for OnServers {
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

    /// The broker waits 8 s for a sign of life of a member.
    fn takeover(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn shared(&self) -> Arc<dyn ObjectStore> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.1.url()),
            ("AWS_ACCESS_KEY_ID", "asha"),
            ("AWS_SECRET_ACCESS_KEY", "opensesame"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let bucket = Bucket::parse("s3://rides/tests/snapshots").unwrap();
        interstate_buckets::open_with(&bucket, variables).unwrap()
    }
}

#[test]
fn tasks_on_kafka_keep_every_promise() {
    story::tell(|doing| async move {
        let servers = OnServers(Brokers::start(1), Engine::start("s3"));
        for case in conformance::cases() {
            println!("conformance: {}", case.name);
            doing.now(format!("at {}", case.name));
            (case.run)(&servers).await;
        }
    });
}
