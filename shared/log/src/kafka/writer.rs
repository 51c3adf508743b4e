//! The one writer of a partition: a transactional producer on a thread of its own, because its calls block.

use super::{
    Options, convert,
    deliveries::Deliveries,
    errors,
    feed::{Fed, Feed},
    polled::Polled,
};
use crate::{AppendError, LogError, PartitionId, Record, Writer};
use async_trait::async_trait;
use rdkafka::{
    ClientConfig,
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::Producer,
};
use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::oneshot;

/// On top of a batch's own time-out: after it nothing is known any more.
const GRACE: Duration = Duration::from_secs(2);
/// A batch that is taken back stays in the topic's files: a clock that is ahead is not tried again before this.
const SET_RIGHT: Duration = Duration::from_secs(10);
/// How far this machine's clock may be ahead of the broker's.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

/// Fences earlier writers and waits until what they left open is resolved.
pub(super) async fn take_over(
    options: &Options,
    topic: String,
    partition: &PartitionId,
    feed: Arc<Feed>,
) -> Result<Box<dyn Writer>, LogError> {
    let (jobs, inbox) = mpsc::channel::<Job>();
    let (opened, open) = oneshot::channel();
    let thread = Thread {
        config: options.writer(&partition.service, partition.index),
        options: options.clone(),
        topic,
        partition: partition.index,
        feed,
    };
    std::thread::Builder::new()
        .name(format!("log-{}-{}", partition.service, partition.index))
        .spawn(move || thread.run(&inbox, opened))
        .map_err(|error| LogError::Other(format!("no thread for the log: {error}")))?;
    open.await.map_err(|_| LogError::Closed)??;
    Ok(Box::new(KafkaWriter {
        jobs,
        limit: options.max_record,
    }))
}

struct Job {
    batch: Vec<Record>,
    done: oneshot::Sender<Result<u64, AppendError>>,
}

struct KafkaWriter {
    jobs: mpsc::Sender<Job>,
    limit: usize,
}

#[async_trait]
impl Writer for KafkaWriter {
    async fn append(&mut self, batch: Vec<Record>) -> Result<u64, AppendError> {
        if let Some(size) = batch.iter().map(Record::size).find(|size| *size > self.limit) {
            let limit = self.limit;
            return Err(AppendError::Aborted(LogError::TooLarge { size, limit }));
        }
        let (done, outcome) = oneshot::channel();
        // The thread ends with the first batch whose outcome it does not know.
        self.jobs
            .send(Job { batch, done })
            .map_err(|_| AppendError::Unknown(LogError::Closed))?;
        outcome
            .await
            .unwrap_or(Err(AppendError::Unknown(LogError::Closed)))
    }
}

type Transactions = Polled<Deliveries>;

struct Thread {
    config: ClientConfig,
    options: Options,
    topic: String,
    partition: u32,
    feed: Arc<Feed>,
}

impl Thread {
    fn run(&self, inbox: &mpsc::Receiver<Job>, opened: oneshot::Sender<Result<(), LogError>>) {
        let producer = match self.open() {
            Ok(producer) => producer,
            Err(error) => {
                let _ = opened.send(Err(error));
                return;
            }
        };
        let fed = self.feed.begin();
        if opened.send(Ok(())).is_err() {
            return;
        }
        let mut written = 0;
        let mut number = 0;
        let mut ahead: Option<(Instant, u64)> = None;
        while let Ok(Job { batch, done }) = inbox.recv() {
            number += 1;
            let outcome = if batch.is_empty() {
                Ok(written)
            } else if let Some((_, seconds)) = ahead.filter(|(seen, _)| seen.elapsed() < SET_RIGHT) {
                Err(AppendError::Aborted(LogError::ClockAhead { seconds }))
            } else {
                ahead = None;
                let end = self.append(&producer, number, batch, &fed);
                end.map(|end| end.unwrap_or(written))
            };
            if let Err(AppendError::Aborted(LogError::ClockAhead { seconds })) = &outcome {
                ahead.get_or_insert((Instant::now(), *seconds));
            }
            let over = matches!(outcome, Err(AppendError::Unknown(_) | AppendError::Fenced));
            written = *outcome.as_ref().unwrap_or(&written);
            let _ = done.send(outcome);
            if over {
                return;
            }
        }
    }

    fn open(&self) -> Result<Transactions, LogError> {
        let producer = Transactions::start(&self.config, Deliveries::default())?;
        let until = Instant::now() + self.options.takeover_timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match producer.init_transactions(left.min(self.options.reach_timeout)) {
                Ok(()) => return Ok(producer),
                Err(error) if is_retriable(&error) && Instant::now() < until => {
                    tracing::debug!(%error, topic = self.topic, "taking over takes another try");
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => {
                    let why = format!("taking over {}/{}: {error}", self.topic, self.partition);
                    return Err(if is_retriable(&error) {
                        errors::unreachable(&self.options, why)
                    } else {
                        LogError::Other(why)
                    });
                }
            }
        }
    }

    /// Commits a batch; the offset behind it, where the broker has told it.
    fn append(
        &self,
        producer: &Transactions,
        number: usize,
        batch: Vec<Record>,
        fed: &Fed,
    ) -> Result<Option<u64>, AppendError> {
        let until = Instant::now() + self.options.append_timeout + GRACE;
        let begun = (self.options.clock)();
        let deliveries = producer.client().context();
        deliveries.expect(number, batch.len());
        producer
            .begin_transaction()
            .map_err(|error| lost(producer, &error))?;
        let delivered = self.deliver(producer, number, &batch, until);
        if let Err(error) = delivered.and_then(|()| in_step(begun, deliveries.appended())) {
            return Err(self.abort(producer, error));
        }
        // Delivery reports are counted before the library lets go of their messages; a commit that finds one
        // of them waits 100 ms.
        while producer.in_flight_count() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(20));
        }
        self.commit(producer, until)?;
        let offsets = deliveries.offsets();
        let end = offsets.as_ref().and_then(|offsets| offsets.last());
        let end = end.map(|last| last + 1);
        fed.committed(offsets, batch);
        Ok(end)
    }

    /// Sends all and waits until the broker has all of it.
    fn deliver(
        &self,
        producer: &Transactions,
        number: usize,
        batch: &[Record],
        until: Instant,
    ) -> Result<(), LogError> {
        for record in batch {
            let mut outgoing = convert::outgoing(record, &self.topic, self.partition, number);
            loop {
                outgoing = match producer.send(outgoing) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(Code::QueueFull), back)) if Instant::now() < until => {
                        std::thread::sleep(Duration::from_millis(1));
                        back
                    }
                    Err((error, _)) => return Err(self.failed(&error)),
                };
            }
        }
        producer
            .client()
            .context()
            .wait(until)
            .map_err(|error| self.failed(&error))
    }

    fn commit(&self, producer: &Transactions, until: Instant) -> Result<(), AppendError> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match producer.commit_transaction(left) {
                Ok(()) => return Ok(()),
                Err(error) if may_repeat(&error) && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                // Even where the library asks for an abort: the request may have been carried out before the
                // connection broke, and only the log knows.
                Err(error) => return Err(lost(producer, &error)),
            }
        }
    }

    /// Takes the batch back. Only when the brokers have confirmed that is it certain.
    fn abort(&self, producer: &Transactions, why: LogError) -> AppendError {
        let until = Instant::now() + self.options.append_timeout + GRACE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match producer.abort_transaction(left) {
                Ok(()) => return AppendError::Aborted(why),
                Err(error) if may_repeat(&error) && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return lost(producer, &error),
            }
        }
    }

    fn failed(&self, error: &KafkaError) -> LogError {
        match error.rdkafka_error_code() {
            Some(Code::MessageSizeTooLarge) => LogError::TooLarge {
                size: self.options.max_batch(),
                limit: self.options.max_record,
            },
            Some(code) if errors::passes(code) => errors::unreachable(&self.options, code.to_string()),
            _ => LogError::Other(format!("{}/{}: {error}", self.topic, self.partition)),
        }
    }
}

/// A machine whose clock is far ahead would date the truth for everybody: whoever decides after it has to wait until
/// their clocks have come as far. What it began before the broker's clock dated it; so little of the difference is the
/// way there.
fn in_step(begun: SystemTime, appended: Option<SystemTime>) -> Result<(), LogError> {
    let ahead = appended.and_then(|appended| begun.duration_since(appended).ok());
    match ahead.filter(|ahead| *ahead > CLOCK_TOLERANCE) {
        Some(ahead) => Err(LogError::ClockAhead {
            seconds: ahead.as_secs(),
        }),
        None => Ok(()),
    }
}

/// The producer is of no more use: fenced, or nobody knows.
fn lost(producer: &Transactions, error: &KafkaError) -> AppendError {
    let fatal = producer.client().fatal_error();
    let code = match &fatal {
        Some((code, _)) => Some(*code),
        None => error.rdkafka_error_code(),
    };
    if code.is_some_and(errors::is_fenced) {
        AppendError::Fenced
    } else {
        AppendError::Unknown(LogError::Other(error.to_string()))
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(inner) => {
            !inner.is_fatal() && (inner.is_retriable() || errors::passes(inner.code()))
        }
        other => other.rdkafka_error_code().is_some_and(errors::passes),
    }
}

/// Whether the same call may be made again. A time-out is an unknown outcome.
fn may_repeat(error: &KafkaError) -> bool {
    is_retriable(error)
        && !matches!(
            error.rdkafka_error_code(),
            Some(Code::OperationTimedOut | Code::RequestTimedOut)
        )
}
