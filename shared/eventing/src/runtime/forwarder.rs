//! Carries a partition's messages to one topic: in order, without a gap, again until they are durable there.

use super::env::Env;
use crate::{
    envelope::Command,
    plant::{self, Bug},
    receipt::{Channel, Outgoing},
};
use bytes::Bytes;
use interstate_log::{Delivery, Log, LogError, Record, Sender, Topic, TopicKind};
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// Messages under way to one topic at once.
const WINDOW: usize = 1_000;
/// How long to wait before a failed sender is replaced.
const BACKOFF: Duration = Duration::from_millis(50);

/// A message is durable at its target.
pub(super) type Acknowledgement = (Channel, u64);

/// All forwarders of one partition, for as long as it is owned.
pub(super) struct Forwarders {
    env: Env,
    own: Cow<'static, str>,
    inboxes: BTreeMap<Topic, mpsc::UnboundedSender<Outgoing>>,
    acknowledged: mpsc::UnboundedSender<Acknowledgement>,
}

impl Forwarders {
    pub(super) fn new(env: Env, own: Cow<'static, str>) -> (Self, mpsc::UnboundedReceiver<Acknowledgement>) {
        let (acknowledged, acknowledgements) = mpsc::unbounded_channel();
        (
            Self {
                env,
                own,
                inboxes: BTreeMap::new(),
                acknowledged,
            },
            acknowledgements,
        )
    }

    /// Sends again what is not known to have arrived; `sent` hears when all of it is queued at its targets.
    pub(super) fn resend(&mut self, unsent: Vec<Outgoing>, sent: impl Fn() + Send + Sync + 'static) {
        let mut by_topic: BTreeMap<Topic, VecDeque<Outgoing>> = BTreeMap::new();
        for message in unsent {
            by_topic
                .entry(self.topic(&message))
                .or_default()
                .push_back(message);
        }
        if by_topic.is_empty() {
            return sent();
        }
        // The last of the forwarders to have queued its part says so. One that ends before is replaced by
        // the next takeover, which sends again.
        let left = Arc::new(AtomicUsize::new(by_topic.len()));
        let sent = Arc::new(sent);
        for (topic, messages) in by_topic {
            let (left, sent) = (left.clone(), sent.clone());
            let queued = Box::new(move || {
                if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    sent();
                }
            });
            let inbox = self.start(topic.clone(), messages, Some(queued));
            self.inboxes.insert(topic, inbox);
        }
    }

    pub(super) fn forward(&mut self, message: Outgoing) {
        let topic = self.topic(&message);
        let inbox = match self.inboxes.get(&topic) {
            Some(inbox) => inbox,
            None => {
                let inbox = self.start(topic.clone(), VecDeque::new(), None);
                self.inboxes.entry(topic).or_insert(inbox)
            }
        };
        // It ends only with this struct, or with the process.
        let _ = inbox.send(message);
    }

    fn topic(&self, message: &Outgoing) -> Topic {
        match message.dead {
            Some(_) => Topic::new(self.own.clone(), TopicKind::DeadLetters),
            None => Topic::commands(message.channel.service.clone()),
        }
    }

    fn start(
        &self,
        topic: Topic,
        first: VecDeque<Outgoing>,
        queued: Option<Queued>,
    ) -> mpsc::UnboundedSender<Outgoing> {
        let (sender, inbox) = mpsc::unbounded_channel();
        let forwarder = Forwarder {
            env: self.env.clone(),
            topic,
            inbox,
            acknowledged: self.acknowledged.clone(),
            waiting: first,
            queued,
        };
        self.env.spawn.spawn(Box::pin(forwarder.run()));
        sender
    }
}

/// Told once everything that waited at the start is queued.
type Queued = Box<dyn FnOnce() + Send>;

struct Forwarder {
    env: Env,
    topic: Topic,
    inbox: mpsc::UnboundedReceiver<Outgoing>,
    acknowledged: mpsc::UnboundedSender<Acknowledgement>,
    /// Not known to be durable, in order.
    waiting: VecDeque<Outgoing>,
    queued: Option<Queued>,
}

impl Forwarder {
    async fn run(mut self) {
        loop {
            let log: Arc<dyn Log> = self.env.log.clone();
            match log.sender(&self.topic).await {
                Ok(sender) => match self.with(sender).await {
                    None => return,
                    Some(error) => tracing::warn!(topic = %self.topic, %error, "messages are sent again"),
                },
                Err(error) => tracing::warn!(topic = %self.topic, %error, "no sender; trying again"),
            }
            if self.inbox.is_closed() && self.inbox.is_empty() {
                return;
            }
            self.env.clock.sleep(BACKOFF).await;
        }
    }

    /// Sends with one sender until it fails (the error) or nobody wants to send any more (nothing).
    async fn with(&mut self, mut sender: Box<dyn Sender>) -> Option<LogError> {
        let mut under_way: VecDeque<Delivery> = VecDeque::new();
        loop {
            while under_way.len() < WINDOW && under_way.len() < self.waiting.len() {
                let message = &self.waiting[under_way.len()];
                match sender.send(partition_of(message), to_record(message)).await {
                    Ok(delivery) => under_way.push_back(delivery),
                    Err(error @ LogError::TooLarge { .. }) => {
                        tracing::error!(%error, to = %message.meta.to, "a message cannot be sent");
                        return Some(error);
                    }
                    Err(error) => return Some(error),
                }
            }
            if under_way.len() == self.waiting.len()
                && let Some(queued) = self.queued.take()
            {
                queued();
            }
            let delivered = async {
                match under_way.front_mut() {
                    Some(delivery) => delivery.await.unwrap_or(Err(LogError::Closed)),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                message = self.inbox.recv() => match message {
                    Some(message) => self.waiting.push_back(message),
                    // The partition is not ours any more: its next owner sends again what is left.
                    None => return None,
                },
                outcome = delivered => {
                    match outcome {
                        Ok(()) => self.settle_first(),
                        Err(_) if plant::on(Bug::ForwarderDropsFailed) => self.settle_first(),
                        Err(error) => return Some(error),
                    }
                    under_way.pop_front();
                }
            }
        }
    }

    fn settle_first(&mut self) {
        if let Some(message) = self.waiting.pop_front() {
            let _ = self.acknowledged.send((message.channel, message.number));
        }
    }
}

fn partition_of(message: &Outgoing) -> u32 {
    message.channel.partition
}

fn to_record(message: &Outgoing) -> Record {
    let command = Command {
        meta: message.meta.clone(),
        payload: Bytes::copy_from_slice(&message.payload),
    };
    let mut record = command.to_record();
    if let Some(why) = &message.dead {
        record
            .headers
            .push(("interstate_reason".into(), Bytes::copy_from_slice(why.as_bytes())));
    }
    record
}
