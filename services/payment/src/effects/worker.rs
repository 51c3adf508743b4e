//! Follows `payment.events` and carries out what payments ask of the provider.

use super::{
    desk::{Desk, Open},
    issue::Issue,
    operation::Tools,
    positions::Positions,
    provider::Provider,
    queue::{LOOK, Queue, hand_on, visit_now},
    results::Results,
    visit::take_jobs,
    wakes::Wakes,
};
use crate::{
    SERVICE,
    domain::{Payment, PaymentEvent},
};
use futures::{StreamExt, future::BoxFuture, future::join_all, stream::FuturesUnordered};
use interstate_eventing::{
    Aggregate, Batch, BatchError, Batches, DomainEvent,
    projection::{Consumer, ConsumerKind, Consumers, Position},
    runtime::Clock,
};
use interstate_jobs::Cause;
use interstate_log::{Chunk, Log, LogError, PartitionId, Reader, Topic};
use interstate_schemas::{OperationId, Timestamp};
use std::{collections::BTreeMap, io, sync::Arc, time::Duration};
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
    /// The wait after the first attempt without an end.
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

/// Why a partition's events cannot be followed for now.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error("the position cannot be kept: {0}")]
    Position(#[from] io::Error),
    #[error("event {0} of {1} cannot be read: {2}")]
    Unreadable(u64, String, interstate_eventing::DecodeError),
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
    /// By which operations reach a worker.
    pub queue: Queue,
    /// Where it shows how old the oldest open operation is.
    pub consumers: Consumers,
}

/// The worker. It holds no truth: which operations are open stands in the log, which have happened knows the
/// provider. Any number of them may run; a shared queue gives each operation to one of them, and the provider's keys keep
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

/// What is known of one partition.
struct Followed {
    partition: u32,
    batches: Batches,
    /// Behind the last batch.
    position: Position,
    /// Whether the last record read is in the middle of a batch.
    half: bool,
    /// Below this offset there is nothing more to read: behind the last batch, and the marks that follow it.
    read: u64,
    /// Requested and not closed, with the position before the batch that requested it, and when that was.
    open: BTreeMap<OperationId, (Position, Timestamp)>,
    /// Not told of here.
    fresh: BTreeMap<OperationId, Open>,
    /// Closed since that was told.
    closed: Vec<OperationId>,
}

impl Followed {
    fn new(partition: u32, from: Position) -> Self {
        Self {
            partition,
            batches: Batches::new(SERVICE.into(), partition, from.sequence, from.receipt),
            position: from,
            half: false,
            read: from.next,
            open: BTreeMap::new(),
            fresh: BTreeMap::new(),
            closed: Vec::new(),
        }
    }

    fn take(&mut self, chunk: Chunk, resumed: bool) -> Result<(), Interrupted> {
        for stored in &chunk.records {
            let batch = self.batches.push(stored)?;
            self.half = batch.is_none();
            if let Some(batch) = batch {
                self.batch(&batch, resumed)?;
                self.position = Position::behind(&batch);
            }
        }
        if !self.half {
            self.read = chunk.next;
        }
        Ok(())
    }

    fn batch(&mut self, batch: &Batch, resumed: bool) -> Result<(), Interrupted> {
        for event in &batch.events {
            let known = <Payment as Aggregate>::Event::TYPES.contains(&event.event_type.as_ref());
            if event.aggregate != Payment::NAME || !known {
                continue;
            }
            let unreadable = |error| Interrupted::Unreadable(event.sequence, event.subject.clone(), error);
            match event.decode::<PaymentEvent>().map_err(unreadable)? {
                PaymentEvent::OperationRequested(request) => {
                    let Ok(payment) = event.subject.parse() else {
                        continue;
                    };
                    self.open.insert(request.operation, (self.position, event.time));
                    self.fresh.insert(
                        request.operation,
                        Open {
                            payment,
                            request,
                            cause: Cause {
                                partition: self.partition,
                                sequence: event.sequence,
                            },
                            resumed,
                        },
                    );
                }
                PaymentEvent::OperationClosed(closed) => {
                    self.open.remove(&closed.operation);
                    self.fresh.remove(&closed.operation);
                    self.closed.push(closed.operation);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Never past an operation that is still open.
    fn low_water(&self) -> Position {
        self.oldest().map_or(self.position, |(position, _)| position)
    }

    fn oldest(&self) -> Option<(Position, Timestamp)> {
        self.open
            .values()
            .min_by_key(|(position, _)| position.next)
            .copied()
    }

    /// Shows how far it is, and since when the oldest open operation waits.
    fn show(&self, consumer: &Consumer) {
        match self.oldest() {
            Some((low, since)) => {
                consumer.handled(low.next, low.sequence);
                consumer.reading(since, self.read);
            }
            None => consumer.handled(self.read, self.position.sequence),
        }
    }

    fn fresh(&mut self) -> Vec<Open> {
        std::mem::take(&mut self.fresh).into_values().collect()
    }
}
