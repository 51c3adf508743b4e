//! The edge's way in: send a command, wait for its reply.

use super::env::Env;
use crate::{
    Address, Rejection,
    envelope::{Command, CommandMeta, Origin},
    receipt::Outcome,
    task::{Reply, Verdict},
};
use bytes::Bytes;
use futures::lock::Mutex;
use interstate_log::{Delivery, LogError, Record, Sender, Topic};
use interstate_schemas::{Actor, AddressedCommand, CommandId, Timestamp, millis_of};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How long a reply is waited for before the same command is sent again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The same where it is known that the command got lost.
const LOST_AFTER: Duration = Duration::from_millis(50);
/// How long a reply is waited for in all: a little less than a request may take, so that whoever sent it hears what to do.
const PATIENCE: Duration = Duration::from_secs(9);
/// After this a command is not decided any more.
const EXPIRES_AFTER: Duration = Duration::from_secs(30);

/// A command from outside.
#[derive(Debug, Clone)]
pub struct Ask {
    to: Address,
    payload: Bytes,
    actor: Actor,
    id: Option<CommandId>,
    trace: Option<String>,
}

impl Ask {
    /// A command to an aggregate. Without [`Ask::idempotent`] each call is a new command.
    pub fn new<C: Serialize>(to: Address, command: &C, actor: Actor) -> Self {
        Self {
            to,
            payload: Bytes::from(crate::encode_json(command)),
            actor,
            id: None,
            trace: None,
        }
    }

    /// The same, for a command type that says whom it is for.
    pub fn to<C: AddressedCommand>(id: impl std::fmt::Display, command: &C, actor: Actor) -> Self {
        Self::new(Address::of::<C>(id), command, actor)
    }

    /// Repeats with the same key by the same actor on the same route are the same command.
    #[must_use]
    pub fn idempotent(mut self, route: &str, key: &str) -> Self {
        let actor = self.actor.to_string();
        let target = self.to.to_string();
        self.id = Some(CommandId::derive(
            millis_of(key),
            &[
                actor.as_bytes(),
                route.as_bytes(),
                target.as_bytes(),
                key.as_bytes(),
            ],
        ));
        self
    }

    /// This id: for effects, whose results derive theirs from the operation.
    #[must_use]
    pub fn with_id(mut self, id: CommandId) -> Self {
        self.id = Some(id);
        self
    }

    /// The W3C trace context of the request behind it.
    #[must_use]
    pub fn trace(mut self, trace: Option<String>) -> Self {
        self.trace = trace;
        self
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The command.
    pub id: CommandId,
    /// The aggregate's answer as JSON.
    pub reply: Vec<u8>,
    /// The service that decided.
    pub service: String,
    /// Generation of its partitions.
    pub incarnation: u32,
    /// The partition that decided.
    pub partition: u32,
    /// A read model that has come this far shows the effect.
    pub sequence: u64,
}

impl Answered {
    /// The answer as a type.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, crate::DecodeError> {
        crate::decode_json("reply", &self.reply)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The aggregate said no.
    #[error(transparent)]
    Rejected(Rejection),
    /// The same key was used with another request.
    #[error("this Idempotency-Key was used before with another request; use a new key")]
    OtherBody,
    /// It came too late to be carried out.
    #[error("the request came too late to be carried out; send it again with a new Idempotency-Key")]
    Expired,
    /// It could not be handled; it is kept for a person to look at.
    #[error("the request could not be handled ({code}: {why}); it is kept and will be looked at")]
    Failed {
        /// Stable.
        code: String,
        /// What happened.
        why: String,
    },
    /// There is no such service in this deployment.
    #[error("there is no service `{0}` here")]
    NoSuchService(String),
    /// Too much is waiting: try later.
    #[error("too much is waiting; try again in a moment")]
    Overloaded,
    /// The log has no room. What was not sent yet is not done; the same key asks for the outcome.
    #[error("the log has no room for anything new; it goes on by itself once there is room")]
    Full,
    /// No reply in time: it may have been carried out. The same key asks for the outcome.
    #[error(
        "no reply came in time, so the outcome is not known; repeat the request with the same Idempotency-Key"
    )]
    Unavailable,
}

/// Sends commands. Clones share their senders.
#[derive(Clone)]
pub struct Commands {
    env: Arc<Env>,
    senders: Arc<Mutex<BTreeMap<String, Box<dyn Sender>>>>,
    /// True while the log takes nothing.
    shortage: Option<watch::Receiver<bool>>,
    sequence: Arc<std::sync::atomic::AtomicU64>,
}

impl Commands {
    /// A way in.
    pub fn new(env: Env) -> Self {
        Self {
            shortage: env.log.shortage(),
            env: Arc::new(env),
            senders: Arc::default(),
            sequence: Arc::default(),
        }
    }

    /// Sends a command and waits for its reply; asks again where one gets lost.
    pub async fn ask(&self, ask: Ask) -> Result<Answered, AskError> {
        let service = ask.to.service.to_string();
        let (aggregate, began) = (ask.to.aggregate.clone(), Instant::now());
        let partition = self
            .env
            .topology
            .partition(&service, &ask.to.id)
            .ok_or_else(|| AskError::NoSuchService(service.clone()))?;
        let id = ask.id.unwrap_or_else(|| self.fresh_id());
        let fingerprint = fingerprint(&ask.payload);
        let now = self.env.clock.now();
        let expires = now
            .saturating_add(self.env.clock.log_duration(EXPIRES_AFTER))
            .unwrap_or(now);
        let record = self.record(ask, id, fingerprint, expires);
        let mut left = PATIENCE;
        loop {
            let waiting = self.env.replies.wait(id, fingerprint);
            let mut wait = RETRY_AFTER.min(left);
            let sent = match self.send(&service, partition, record.clone()).await {
                Ok(delivery) => Some(delivery),
                Err(LogError::Full(_)) => return Err(AskError::Full),
                Err(LogError::Overloaded(_)) => return Err(AskError::Overloaded),
                Err(error) => {
                    tracing::warn!(%error, service, partition, "a command was not sent");
                    None
                }
            };
            tokio::select! {
                biased;
                reply = waiting => if let Some(reply) = reply {
                    // An earlier request with this key came too late; this one is still under way.
                    if matches!(reply.verdict, Verdict::Expired { at } if at < expires) {
                        continue;
                    }
                    self.env.meter.answered(&service, &aggregate, began.elapsed());
                    return self.answered(&service, partition, reply);
                },
                // It waits in the receiver's memory; nobody needs to wait with it.
                () = full(self.shortage.clone()) => return Err(AskError::Full),
                () = lost(sent) => {
                    wait = LOST_AFTER.min(left);
                    self.env.clock.sleep(wait).await;
                }
                () = self.env.clock.sleep(wait) => {}
            }
            left = left.saturating_sub(wait);
            if left.is_zero() {
                return Err(AskError::Unavailable);
            }
        }
    }

    fn fresh_id(&self) -> CommandId {
        let count = self.sequence.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let now = self.env.clock.now().as_nanosecond().to_be_bytes();
        CommandId::derive(0, &[self.env.instance.as_bytes(), &now, &count.to_be_bytes()])
    }

    fn record(&self, ask: Ask, id: CommandId, fingerprint: u64, expires: Timestamp) -> Record {
        let meta = CommandMeta {
            id,
            to: ask.to,
            actor: ask.actor,
            correlation: id,
            trace: ask.trace,
            origin: Origin::Edge {
                reply_to: self.env.instance.clone(),
                expires,
                fingerprint,
            },
            step: None,
        };
        Command {
            meta,
            payload: ask.payload,
        }
        .to_record()
    }

    async fn send(&self, service: &str, partition: u32, record: Record) -> Result<Delivery, LogError> {
        let mut senders = self.senders.lock().await;
        if !senders.contains_key(service) {
            let sender = self.env.log.sender(&Topic::commands(service.to_owned())).await?;
            senders.insert(service.to_owned(), sender);
        }
        let sender = senders.get_mut(service).ok_or(LogError::Closed)?;
        let sent = sender.try_send(partition, record);
        if sent.as_ref().is_err_and(|error| {
            !matches!(
                error,
                LogError::Overloaded(_) | LogError::Full(_) | LogError::TooLarge { .. }
            )
        }) {
            senders.remove(service);
        }
        sent
    }

    fn answered(&self, service: &str, partition: u32, reply: Reply) -> Result<Answered, AskError> {
        match reply.verdict {
            Verdict::Outcome(Outcome::Accepted { reply: body }) => Ok(Answered {
                id: reply.id,
                reply: body,
                service: service.to_owned(),
                incarnation: reply.incarnation,
                partition,
                sequence: reply.sequence,
            }),
            Verdict::Outcome(Outcome::Rejected(rejection)) => Err(AskError::Rejected(rejection)),
            Verdict::Outcome(Outcome::Failed { code, why }) => Err(AskError::Failed {
                code: code.into_owned(),
                why,
            }),
            Verdict::OtherBody => Err(AskError::OtherBody),
            Verdict::Expired { .. } => Err(AskError::Expired),
            Verdict::Overloaded => Err(AskError::Overloaded),
        }
    }
}

/// Returns when the command certainly has not arrived, as where its task ended before it was decided.
async fn lost(sent: Option<Delivery>) {
    if let Some(delivery) = sent
        && !matches!(delivery.await, Ok(Ok(())))
    {
        return;
    }
    std::future::pending().await
}

/// Returns once the log takes nothing for want of room.
async fn full(shortage: Option<watch::Receiver<bool>>) {
    if let Some(mut shortage) = shortage
        && shortage.wait_for(|short| *short).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

fn fingerprint(payload: &[u8]) -> u64 {
    let digest = Sha256::digest(payload);
    u64::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ])
}
