//! Processes of the payment service that share a broker.

use crate::node::{Node, Worker, quick};
use interstate_config::RabbitMq;
use interstate_engines::Engine;
use interstate_jobs::{Jobs, Options, RabbitJobs};
use interstate_payment::effects::{Provider, Queue};
use std::{sync::Arc, time::Duration};

pub const QUEUE: &str = "payment.jobs";

/// Waits that suit a test.
pub fn options() -> Options {
    Options {
        delays: [10, 100].map(Duration::from_millis).to_vec(),
        prefetch: 4,
        look: Duration::from_millis(300),
        confirm: Duration::from_secs(2),
        ..Options::new(QUEUE)
    }
}

/// A process: its connection, and its worker.
pub struct Process {
    pub jobs: Arc<RabbitJobs>,
    pub worker: Worker,
}

impl Process {
    /// One that owns the partition.
    pub async fn owner(node: &Node, broker: &Engine, provider: impl Provider) -> Self {
        Self::start(node, broker, provider, true, options()).await
    }

    /// One that owns nothing and only works.
    pub async fn other(node: &Node, broker: &Engine, provider: impl Provider) -> Self {
        Self::start(node, broker, provider, false, options()).await
    }

    pub async fn start(
        node: &Node,
        broker: &Engine,
        provider: impl Provider,
        owns: bool,
        options: Options,
    ) -> Self {
        let address = RabbitMq::parse(broker.url()).unwrap();
        let jobs = Arc::new(RabbitJobs::open(&address, options).await.unwrap());
        let queue = Queue {
            jobs: jobs.clone(),
            hands_on: Arc::new(move |_| owns),
        };
        Self {
            worker: node.worker_by(queue, provider, quick()),
            jobs,
        }
    }

    pub async fn stop(self) {
        self.worker.stop().await;
    }

    /// Waits until nothing waits, is delayed or put aside, but for so many.
    pub async fn until_empty(&self, dead: u64) {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let standing = self.jobs.standing();
            if (standing.waiting, standing.delayed, standing.dead) == (0, 0, dead) {
                return;
            }
        }
        panic!("the queue does not empty: {:?}", self.jobs.standing());
    }
}
