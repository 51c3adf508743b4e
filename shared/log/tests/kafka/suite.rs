//! The conformance suite on a broker.

use crate::{broker::Brokers, story};
use async_trait::async_trait;
use interstate_log::{
    Log,
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
