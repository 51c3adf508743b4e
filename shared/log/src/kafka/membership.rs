//! Which partitions this instance owns: a consumer group over the commands topic whose members read nothing.

use super::{Options, client, errors};
use crate::{Assignment, Lease, LogError, Membership, PartitionId, lock};
use async_trait::async_trait;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode as Code},
    types::RDKafkaRespErr,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// How long one poll of the group waits; leaving takes at most as long.
const POLL: Duration = Duration::from_millis(50);

/// Joins the group of a service's instances.
pub(super) fn join(options: &Options, service: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
    let (changes, inbox) = mpsc::unbounded_channel();
    let group = Group {
        service: service.to_owned(),
        topic: topic.to_owned(),
        options: options.clone(),
        changes,
        held: Mutex::default(),
        consumer: Mutex::default(),
    };
    let consumer: Arc<BaseConsumer<Group>> = Arc::new(client::build(&options.member(service), group)?);
    *lock(&consumer.context().consumer) = Arc::downgrade(&consumer);
    consumer
        .subscribe(&[topic])
        .map_err(|error| LogError::Other(format!("joining the group of {service}: {error}")))?;
    let leaving = Arc::new(AtomicBool::new(false));
    let stop = leaving.clone();
    std::thread::Builder::new()
        .name(format!("member-{service}"))
        .spawn(move || {
            let mut told = BTreeSet::new();
            while !stop.load(Ordering::SeqCst) {
                // Mostly noise: errors that the library gets over, a record read before the pause.
                let Some(Err(error)) = consumer.poll(POLL) else {
                    continue;
                };
                let code = error.rdkafka_error_code();
                let remedy = code.and_then(remedy);
                if let Some(remedy) = remedy
                    && told.insert(remedy)
                {
                    tracing::error!(%error, remedy, "the brokers do not let this process have partitions");
                } else {
                    tracing::debug!(%error, "group member");
                }
            }
            // Dropping the last handle leaves the group, which revokes what is still held.
            consumer.unsubscribe();
            let until = Instant::now() + POLL * 10;
            while !lock(&consumer.context().held).is_empty() && Instant::now() < until {
                let _ = consumer.poll(POLL);
            }
        })
        .map_err(|error| LogError::Other(format!("no thread for the group: {error}")))?;
    Ok(Box::new(KafkaMembership { inbox, leaving }))
}

/// What to do about an answer that waiting does not change.
fn remedy(code: Code) -> Option<&'static str> {
    match code {
        Code::InvalidSessionTimeout => Some(
            "give a session.timeout.ms that the brokers permit (group.min.session.timeout.ms to \
             group.max.session.timeout.ms), or change theirs",
        ),
        Code::GroupAuthorizationFailed => Some("let the user read the service's group"),
        _ => None,
    }
}

struct KafkaMembership {
    inbox: mpsc::UnboundedReceiver<Assignment>,
    leaving: Arc<AtomicBool>,
}

#[async_trait]
impl Membership for KafkaMembership {
    async fn next(&mut self) -> Result<Assignment, LogError> {
        self.inbox.recv().await.ok_or(LogError::Closed)
    }
}

impl Drop for KafkaMembership {
    fn drop(&mut self) {
        self.leaving.store(true, Ordering::SeqCst);
    }
}

/// What this member holds; the group's protocol calls it from the thread that polls.
struct Group {
    service: String,
    topic: String,
    options: Options,
    changes: mpsc::UnboundedSender<Assignment>,
    held: Mutex<HashMap<i32, Arc<AtomicBool>>>,
    consumer: Mutex<Weak<BaseConsumer<Group>>>,
}

impl Group {
    fn assigned(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        // Positions live in the receipts. Where the group would start is of no account, and it never starts.
        let mut from_the_end = TopicPartitionList::new();
        for one in list.elements() {
            let added = from_the_end.add_partition_offset(one.topic(), one.partition(), Offset::End);
            if let Err(error) = added {
                tracing::error!(%error, partition = one.partition(), "cannot take an assignment up");
            }
        }
        let taken = consumer
            .incremental_assign(&from_the_end)
            .and_then(|()| consumer.pause(&from_the_end));
        if let Err(error) = taken {
            tracing::error!(%error, topic = self.topic, "cannot take an assignment up");
        }
        for one in list.elements() {
            let holds = Arc::new(AtomicBool::new(true));
            lock(&self.held).insert(one.partition(), holds.clone());
            let lease = GroupLease {
                consumer: lock(&self.consumer).clone(),
                topic: self.topic.clone(),
                partition: one.partition(),
                holds,
                options: self.options.clone(),
            };
            let id = PartitionId::new(self.service.clone(), one.partition().max(0) as u32);
            let _ = self.changes.send(Assignment::Assigned(id, Arc::new(lease)));
        }
    }

    /// Waits until the owner has stopped, unless the partitions were lost: then somebody else has them already.
    fn revoked(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let lost = consumer.assignment_lost();
        let until = Instant::now() + self.options.revoke_timeout;
        let mut stopping = Vec::new();
        for one in list.elements() {
            if let Some(holds) = lock(&self.held).remove(&one.partition()) {
                holds.store(false, Ordering::SeqCst);
            }
            let id = PartitionId::new(self.service.clone(), one.partition().max(0) as u32);
            let (stop, stopped) = oneshot::channel();
            if self.changes.send(Assignment::Revoked(id, stop)).is_ok() {
                stopping.push(stopped);
            }
        }
        for mut stopped in stopping {
            // Dropping the acknowledgement is the acknowledgement.
            while !lost
                && matches!(stopped.try_recv(), Err(oneshot::error::TryRecvError::Empty))
                && Instant::now() < until
            {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        if let Err(error) = consumer.incremental_unassign(list) {
            tracing::warn!(%error, topic = self.topic, "giving partitions up");
        }
    }
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        tracing::debug!(?level, fac, message, "group member");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "group member");
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, list: &mut TopicPartitionList) {
        match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assigned(consumer, list),
            _ => self.revoked(consumer, list),
        }
    }
}

struct GroupLease {
    consumer: Weak<BaseConsumer<Group>>,
    topic: String,
    partition: i32,
    /// Cleared before this member answers the group about a partition that it loses. A commit proves the
    /// member's generation only, not that the partition is its own in it; both together do.
    holds: Arc<AtomicBool>,
    options: Options,
}

#[async_trait]
impl Lease for GroupLease {
    async fn prove(&self) -> Result<bool, LogError> {
        let until = Instant::now() + self.options.reach_timeout;
        loop {
            if !self.holds.load(Ordering::SeqCst) {
                return Ok(false);
            }
            let Some(consumer) = self.consumer.upgrade() else {
                return Ok(false);
            };
            let (topic, partition) = (self.topic.clone(), self.partition);
            let left = until.saturating_duration_since(Instant::now());
            // The library waits for the coordinator as long as it takes; the caller does not. The thread is no
            // worker of the runtime: its end would wait for it.
            let (done, answer) = oneshot::channel();
            std::thread::Builder::new()
                .name("kafka-proof".to_owned())
                .spawn(move || done.send(commit(&consumer, &topic, partition)))
                .map_err(|error| LogError::Other(format!("no thread for a proof: {error}")))?;
            let outcome = match tokio::time::timeout(left, answer).await {
                Ok(outcome) => outcome.map_err(|_| LogError::Closed)?,
                Err(_) => {
                    let why = format!("the group of {} gave no answer", self.topic);
                    return Err(errors::unreachable(&self.options, why));
                }
            };
            let code = match outcome {
                Ok(()) => return Ok(self.holds.load(Ordering::SeqCst)),
                Err(error) => error.rdkafka_error_code(),
            };
            match code {
                Some(Code::UnknownMemberId | Code::FencedInstanceId) => return Ok(false),
                // The group is between two generations: ask again in the next.
                Some(Code::IllegalGeneration | Code::RebalanceInProgress) => {}
                Some(code) if errors::passes(code) => {}
                other => {
                    let why = other.map_or_else(|| "no reason given".to_owned(), |code| code.to_string());
                    return Err(LogError::Other(format!("proving {}: {why}", self.topic)));
                }
            }
            if Instant::now() >= until {
                let why = format!("the group of {} did not settle", self.topic);
                return Err(errors::unreachable(&self.options, why));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The offset says nothing; that it is accepted, in this member's generation, is the proof.
fn commit(consumer: &BaseConsumer<Group>, topic: &str, partition: i32) -> Result<(), KafkaError> {
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(topic, partition, Offset::Offset(0))?;
    consumer.commit(&offsets, CommitMode::Sync)
}
