//! Follows `payment.events` and carries out what payments ask of the provider.

use super::{
    desk::Desk,
    followed::{Followed, Interrupted},
    issue::Issue,
    operation::Tools,
    positions::Positions,
    provider::Provider,
    queue::{LOOK, Queue, hand_on, visit_now},
    results::Results,
    visit::take_jobs,
    wakes::Wakes,
};
use crate::SERVICE;
use futures::{StreamExt, future::BoxFuture, future::join_all, stream::FuturesUnordered};
use interstate_eventing::{
    projection::{Consumer, ConsumerKind, Consumers},
    runtime::Clock,
};
use interstate_log::{Log, PartitionId, Reader, Topic};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, watch};

/// Records read at once.
const CHUNK: usize = 500;
/// Receipts after which the position is kept: what lies between is read again after a restart.
const SAVE_EVERY: u64 = 8;
/// Operations of a partition that are being handed on at once; what is above waits in the log.
const MOST_HANDED_ON: usize = 1_000;

/// How operations are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectsOptions {
    /// Requests to the provider at a time.
    pub concurrency: usize,
    /// The wait after the first attempt without an outcome.
    pub first_wait: Duration,
    /// The longest wait between two attempts.
    pub longest_wait: Duration,
}

impl Default for EffectsOptions {
    fn default() -> Self {
        Self {
            concurrency: 32,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// What the worker works with.
#[derive(Clone)]
pub struct EffectsPorts {
    /// Where operations are requested and closed.
    pub log: Arc<dyn Log>,
    /// For waits.
    pub clock: Arc<dyn Clock>,
    /// Who moves the money.
    pub provider: Arc<dyn Provider>,
    /// The way back to the payments.
    pub results: Arc<dyn Results>,
    /// Where to begin after a restart.
    pub positions: Arc<dyn Positions>,
    /// Who is woken by a webhook.
    pub wakes: Wakes,
    /// How operations reach a worker.
    pub queue: Queue,
    /// Where it shows how old the oldest open operation is.
    pub consumers: Consumers,
}

/// The worker. It holds no truth: the log says which operations are open, the provider which have happened. Any number of them may run; a shared queue gives each operation to one of them, and the provider's keys keep
/// apart those that meet nevertheless.
#[derive(Clone)]
pub struct PaymentEffects {
    log: Arc<dyn Log>,
    positions: Arc<dyn Positions>,
    consumers: Vec<Consumer>,
    tools: Arc<Tools>,
}

impl PaymentEffects {
    /// The name under which it shows among the consumers.
    pub const NAME: &'static str = "payment-effects";

    /// A worker for all partitions of the service.
    pub fn new(ports: EffectsPorts, partitions: u32, options: EffectsOptions) -> Self {
        let EffectsPorts {
            log,
            clock,
            provider,
            results,
            positions,
            wakes,
            queue,
            consumers,
        } = ports;
        let slots = Semaphore::new(options.concurrency.max(1));
        let tools = Arc::new(Tools {
            provider,
            results,
            clock,
            wakes,
            queue,
            desk: Desk::new(),
            slots,
            options,
        });
        let source = |index| PartitionId::new(SERVICE, index);
        let consumers = (0..partitions)
            .map(|index| consumers.register(ConsumerKind::Effect, Self::NAME, source(index)))
            .collect();
        Self {
            log,
            positions,
            consumers,
            tools,
        }
    }

    /// Works until it is told to stop. What is under way then is found again, and asked for, at the next start.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let partitions = (0u32..).zip(&self.consumers);
        let all = join_all(partitions.map(|(partition, consumer)| self.follow_for_ever(partition, consumer)));
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            _ = all => {}
            () = take_jobs(&self.tools) => {}
            () = self.follow_webhooks() => {}
        }
    }

    /// Where jobs are shared, a webhook may be about an operation that waits in a queue.
    async fn follow_webhooks(&self) {
        if !self.tools.queue.jobs.is_shared() {
            return std::future::pending().await;
        }
        let mut others = self.tools.wakes.others();
        while let Some(operation) = others.recv().await {
            if let Some(open) = self.tools.desk.get(operation) {
                visit_now(&self.tools, open).await;
            }
        }
    }

    async fn follow_for_ever(&self, partition: u32, consumer: &Consumer) {
        loop {
            if let Err(error) = self.follow(partition, consumer).await {
                consumer.failed(error.to_string());
                tracing::error!(partition, %error, "payment operations are looked for again in a moment");
            }
            self.tools.clock.sleep(Duration::from_secs(1)).await;
        }
    }

    async fn follow(&self, partition: u32, consumer: &Consumer) -> Result<(), Interrupted> {
        let from = self.positions.load(partition)?;
        self.tools.desk.forget(partition);
        let mut reader = self
            .log
            .read(&Topic::events(SERVICE), partition, from.next)
            .await?;
        let mut followed = Followed::new(partition, from);
        // What is open is known only at the end of the log: an operation may be closed further on.
        loop {
            let chunk = reader.poll(CHUNK).await?;
            let end = chunk.records.is_empty();
            followed.take(chunk, true)?;
            if end {
                break;
            }
        }
        self.work(&mut *reader, followed, consumer).await
    }

    async fn work(
        &self,
        reader: &mut dyn Reader,
        mut followed: Followed,
        consumer: &Consumer,
    ) -> Result<(), Interrupted> {
        let (tools, partition) = (&*self.tools, followed.partition);
        let mut handing_on: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
        let mut issue = Issue::new(&tools.queue, partition);
        let mut saved = followed.low_water();
        loop {
            let fresh = followed.fresh();
            let closed = std::mem::take(&mut followed.closed);
            tools
                .desk
                .learn(partition, followed.position.sequence, &fresh, &closed);
            for open in issue.due(fresh, &closed) {
                handing_on.push(Box::pin(hand_on(tools, open)));
            }
            let low = followed.low_water();
            followed.show(consumer);
            if low.receipt >= saved.receipt + SAVE_EVERY || low.incarnation != saved.incarnation {
                self.positions.save(partition, low)?;
                saved = low;
            }
            // In a fixed order, so that a simulated world repeats; what is under way comes first because it ends.
            tokio::select! {
                biased;
                Some(()) = handing_on.next() => {}
                chunk = reader.next(CHUNK), if handing_on.len() < MOST_HANDED_ON => {
                    followed.take(chunk?, false)?;
                }
                () = tools.clock.sleep(LOOK), if issue.is_shared => {}
            }
        }
    }
}
