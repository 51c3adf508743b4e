//! Brokers as the conformance suite knows them, however clients reach them.

use crate::{broker::Brokers, story::Doing};
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

/// The whole suite.
pub async fn every_case(brokers: &Brokers, doing: &Doing) {
    for case in conformance::cases() {
        println!("conformance: {}", case.name);
        doing.now(format!("at {}", case.name));
        (case.run)(brokers).await;
    }
}
