//! Which partitions this instance owns: a consumer group over the commands topic whose members read nothing.

use super::{Options, client, lease::GroupLease};
use crate::{Assignment, LogError, Membership, PartitionId, lock};
use async_trait::async_trait;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode as Code},
    groups::GroupInfo,
    types::RDKafkaRespErr,
};
use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// How long one poll of the group waits.
const POLL: Duration = Duration::from_millis(50);
/// How long a process that ends waits for the brokers to let it go.
const LEFT_WITHIN: Duration = Duration::from_secs(5);
/// When librdkafka has long asked them to.
const ASKED_BY: Duration = Duration::from_secs(1);

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
    let name = unheard_of_name();
    let consumer: Arc<BaseConsumer<Group>> = Arc::new(client::build(&options.member(service, &name), group)?);
    *lock(&consumer.context().consumer) = Arc::downgrade(&consumer);
    consumer
        .subscribe(&[topic])
        .map_err(|error| LogError::Other(format!("joining the group of {service}: {error}")))?;
    let leaving = Arc::new(AtomicBool::new(false));
    let stop = leaving.clone();
    let (gone, left) = oneshot::channel();
    let group = options.group(service);
    std::thread::Builder::new()
        .name(format!("member-{service}"))
        .spawn(move || {
            take_part(&consumer, &stop);
            leave(&consumer, &group, &name);
            // Dropping the last handle waits for what the brokers still have to answer.
            drop(consumer);
            let _ = gone.send(());
        })
        .map_err(|error| LogError::Other(format!("no thread for the group: {error}")))?;
    Ok(Box::new(KafkaMembership { inbox, leaving, left }))
}

/// Answers the group until it is told to stop.
fn take_part(consumer: &BaseConsumer<Group>, stop: &AtomicBool) {
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
}

/// Tells this member from all others in what the brokers say of the group.
fn unheard_of_name() -> String {
    // Each has other keys, drawn by the system.
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// Gives up what is held, and waits until the brokers list this member no more. librdkafka asks them to let it go when
/// the last partition is given up, and says nobody when that is done; closed before, it may not ask.
fn leave(consumer: &Arc<BaseConsumer<Group>>, group: &str, name: &str) {
    consumer.unsubscribe();
    let began = Instant::now();
    while began.elapsed() < LEFT_WITHIN {
        let _ = consumer.poll(POLL / 10);
        let is_busy = !lock(&consumer.context().held).is_empty() || Arc::strong_count(consumer) > 1;
        let is_gone = match is_listed(consumer, group, name) {
            Some(listed) => !listed,
            None => began.elapsed() > ASKED_BY,
        };
        if is_gone && !is_busy {
            return;
        }
    }
}

/// Nothing where not all brokers can be asked.
fn is_listed(consumer: &BaseConsumer<Group>, group: &str, name: &str) -> Option<bool> {
    let listed = consumer.fetch_group_list(Some(group), POLL * 10).ok()?;
    let mut members = listed.groups().iter().flat_map(GroupInfo::members);
    Some(members.any(|member| member.client_id().ends_with(name)))
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
    /// Told when the brokers have let it go.
    left: oneshot::Receiver<()>,
}

#[async_trait]
impl Membership for KafkaMembership {
    async fn next(&mut self) -> Result<Assignment, LogError> {
        self.inbox.recv().await.ok_or(LogError::Closed)
    }

    async fn leave(mut self: Box<Self>) {
        self.leaving.store(true, Ordering::SeqCst);
        // Nobody acknowledges any more what is revoked now.
        self.inbox.close();
        while self.inbox.try_recv().is_ok() {}
        if tokio::time::timeout(LEFT_WITHIN, &mut self.left).await.is_err() {
            tracing::warn!(
                "the brokers have not let this process go; the others wait for its session to end"
            );
        }
    }
}

impl Drop for KafkaMembership {
    fn drop(&mut self) {
        self.leaving.store(true, Ordering::SeqCst);
    }
}

/// What this member holds; the group's protocol calls it from the thread that polls.
pub(super) struct Group {
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
        if lost {
            let partitions = list.count();
            tracing::warn!(
                topic = self.topic,
                partitions,
                "this process and its group have not heard of each other for a session: what it owned may be another's"
            );
        }
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
