//! Aggregates decide. They are pure: time, ids and the actor come in the context.

use crate::{
    DecodeError, DomainEvent,
    message::{Address, Message},
};
use interstate_schemas::{Actor, CommandId, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::borrow::Cow;

/// Something that decides, one instance an id.
pub trait Aggregate: Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name within its service, `booking`.
    const NAME: &'static str;
    /// Grows when `evolve` or the state's shape changes: cached states of another version are thrown away
    /// and rebuilt from the log.
    const VERSION: u32 = 1;
    /// What it can be asked.
    type Command: DeserializeOwned;
    /// What it says happened.
    type Event: DomainEvent;

    /// The decision on a command in this state, or why there is none.
    fn decide(&self, command: Self::Command, cx: &Context<'_>) -> Result<Decision<Self::Event>, Rejection>;

    /// The state after an event. Total: never fails on what `decide` can make.
    fn evolve(&mut self, event: &Self::Event, time: Timestamp);

    /// What becomes due and when, as a function of the state alone.
    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    /// The command that `decide` gets when a deadline is due.
    fn deadline_reached(_name: &str) -> Option<Self::Command> {
        None
    }
}

/// A named moment at which an aggregate wants to be asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Deadline {
    /// What is due.
    pub name: Cow<'static, str>,
    /// When.
    pub due: Timestamp,
}

impl Deadline {
    /// A deadline.
    pub fn new(name: impl Into<Cow<'static, str>>, due: Timestamp) -> Self {
        Self {
            name: name.into(),
            due,
        }
    }
}

/// What a decision may know besides the state and the command.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Log time: never behind an earlier event of the partition.
    pub now: Timestamp,
    /// Who asks.
    pub actor: &'a Actor,
    /// The command's id. Ids of what it makes derive from it.
    pub command: CommandId,
    /// The aggregate that decides.
    pub address: &'a Address,
    /// Events that it has had.
    pub version: u64,
    /// The step of a saga that the command carries out: keep it where the answer comes later, and answer
    /// with [`Message::answer`].
    pub step: Option<&'a interstate_schemas::StepRef>,
}

impl Context<'_> {
    /// 128 bits for the `n`th thing that this command makes, to wrap in a typed id. Time-ordered.
    pub fn derive(&self, n: u32) -> u128 {
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        let command = self.command.ulid().0.to_be_bytes();
        interstate_schemas::derive_ulid(millis, &[&command, &n.to_be_bytes()]).0
    }
}

/// What kind of no it is. The HTTP status stands with the code in the edge's table; it usually is the one said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum RejectionKind {
    /// The input breaks a rule (422).
    Invalid,
    /// It is not there (404).
    NotFound,
    /// Its state does not allow it, now or any more (409).
    Conflict,
    /// The actor may not (403).
    Forbidden,
    /// Too many, too often (429).
    Limited,
}

/// A no with its reason. It is remembered like a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// Stable, `booking-cancelled`; has a page in the docs.
    pub code: Cow<'static, str>,
    /// What kind of no.
    pub kind: RejectionKind,
    /// What happened, what it means and what to do, for a person.
    pub message: Cow<'static, str>,
}

impl Rejection {
    /// A rejection.
    pub fn new(
        kind: RejectionKind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code: code.into(),
            kind,
            message: message.into(),
        }
    }
    /// The state does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RejectionKind::Conflict, code, message)
    }
    /// It is not there.
    pub fn not_found(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RejectionKind::NotFound, code, message)
    }
    /// The input breaks a rule.
    pub fn invalid(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RejectionKind::Invalid, code, message)
    }
    /// The actor may not.
    pub fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RejectionKind::Forbidden, code, message)
    }
}

/// Events, messages to other aggregates, and an answer to the asker.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<E> {
    /// What happened, in order.
    pub events: Vec<E>,
    /// What others are asked to do, delivered exactly once and in order a target.
    pub messages: Vec<Message>,
    /// The answer as JSON; `null` when there is nothing to say. No secrets: answers are kept in the log.
    pub reply: Vec<u8>,
}

impl<E> Default for Decision<E> {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            messages: Vec::new(),
            reply: b"null".to_vec(),
        }
    }
}

impl<E> Decision<E> {
    /// Nothing happens: the command has been carried out before, or has no effect in this state.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// One event.
    pub fn event(event: impl Into<E>) -> Self {
        Self::default().and(event)
    }

    /// One more event.
    #[must_use]
    pub fn and(mut self, event: impl Into<E>) -> Self {
        self.events.push(event.into());
        self
    }

    /// One more message.
    #[must_use]
    pub fn send(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// The answer to the asker.
    #[must_use]
    pub fn reply<T: Serialize>(mut self, reply: &T) -> Self {
        self.reply = crate::encode_json(reply);
        self
    }
}

/// A decision under way, for aggregates that decide in several moves: each event changes the draft's state
/// at once, so that the next move sees it.
#[derive(Debug, Clone)]
pub struct Draft<A: Aggregate> {
    state: A,
    decision: Decision<A::Event>,
    now: Timestamp,
}

impl<A: Aggregate> Draft<A> {
    /// Starts from the aggregate's state.
    pub fn new(state: &A, cx: &Context<'_>) -> Self {
        Self {
            state: state.clone(),
            decision: Decision::default(),
            now: cx.now,
        }
    }

    /// The state after the events so far.
    pub fn state(&self) -> &A {
        &self.state
    }

    /// The time of this decision.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// One more event.
    pub fn emit(&mut self, event: impl Into<A::Event>) {
        let event = event.into();
        self.state.evolve(&event, self.now);
        self.decision.events.push(event);
    }

    /// One more message.
    pub fn send(&mut self, message: Message) {
        self.decision.messages.push(message);
    }

    /// The decision.
    pub fn finish(self) -> Decision<A::Event> {
        self.decision
    }
}

/// An aggregate's state, whatever its type.
pub(crate) trait AnyState: std::any::Any + Send + Sync {
    fn boxed_clone(&self) -> Box<dyn AnyState>;
    fn as_any(&self) -> &dyn std::any::Any;
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any;
}

impl<A: Aggregate> AnyState for A {
    fn boxed_clone(&self) -> Box<dyn AnyState> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

/// A decision in bytes.
#[derive(Debug, Clone)]
pub(crate) struct RawDecision {
    pub(crate) events: Vec<(&'static str, Vec<u8>)>,
    pub(crate) messages: Vec<Message>,
    pub(crate) reply: Vec<u8>,
}

/// What `decide` is given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request<'a> {
    /// A command's JSON.
    Command(&'a [u8]),
    /// A deadline's name.
    Deadline(&'a str),
}

/// Why there is no decision.
#[derive(Debug)]
pub(crate) enum NoDecision {
    Rejected(Rejection),
    Unreadable(DecodeError),
}

/// An aggregate's type, erased, so that a service can hold several.
pub(crate) trait Kind: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    fn initial(&self) -> Box<dyn AnyState>;
    fn encode(&self, state: &dyn AnyState) -> Vec<u8>;
    fn decode(&self, bytes: &[u8]) -> Result<Box<dyn AnyState>, DecodeError>;
    fn decide(
        &self,
        state: &dyn AnyState,
        request: Request<'_>,
        cx: &Context<'_>,
    ) -> Result<RawDecision, NoDecision>;
    fn evolve(
        &self,
        state: &mut dyn AnyState,
        event_type: &str,
        payload: &[u8],
        time: Timestamp,
    ) -> Result<(), DecodeError>;
    fn deadlines(&self, state: &dyn AnyState) -> Vec<Deadline>;
    fn event_types(&self) -> &'static [&'static str];
    fn read_event(&self, event_type: &str, payload: &[u8]) -> Result<(&'static str, Vec<u8>), DecodeError>;
    fn schemas(&self) -> Vec<(&'static str, schemars::Schema)>;
}

pub(crate) struct KindOf<A>(pub(crate) std::marker::PhantomData<fn() -> A>);

fn typed<A: Aggregate>(state: &dyn AnyState) -> &A {
    state
        .as_any()
        .downcast_ref()
        .expect("a state is only handed to the kind that made it")
}

impl<A: Aggregate> Kind for KindOf<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }
    fn version(&self) -> u32 {
        A::VERSION
    }
    fn initial(&self) -> Box<dyn AnyState> {
        Box::new(A::default())
    }
    fn encode(&self, state: &dyn AnyState) -> Vec<u8> {
        rmp_serde::to_vec_named(typed::<A>(state)).expect("a state is plain data")
    }
    fn decode(&self, bytes: &[u8]) -> Result<Box<dyn AnyState>, DecodeError> {
        match rmp_serde::from_slice::<A>(bytes) {
            Ok(state) => Ok(Box::new(state)),
            Err(error) => Err(DecodeError::Malformed {
                kind: A::NAME.to_owned(),
                why: error.to_string(),
            }),
        }
    }
    fn decide(
        &self,
        state: &dyn AnyState,
        request: Request<'_>,
        cx: &Context<'_>,
    ) -> Result<RawDecision, NoDecision> {
        let command = match request {
            Request::Command(json) => crate::decode_json(A::NAME, json).map_err(NoDecision::Unreadable)?,
            Request::Deadline(name) => A::deadline_reached(name)
                .ok_or_else(|| NoDecision::Unreadable(DecodeError::UnknownType(name.to_owned())))?,
        };
        let decision = typed::<A>(state)
            .decide(command, cx)
            .map_err(NoDecision::Rejected)?;
        Ok(RawDecision {
            events: decision
                .events
                .iter()
                .map(|event| (event.event_type(), event.encode()))
                .collect(),
            messages: decision.messages,
            reply: decision.reply,
        })
    }
    fn evolve(
        &self,
        state: &mut dyn AnyState,
        event_type: &str,
        payload: &[u8],
        time: Timestamp,
    ) -> Result<(), DecodeError> {
        let event = A::Event::decode(event_type, payload)?;
        let state: &mut A = state
            .as_any_mut()
            .downcast_mut()
            .expect("a state is only handed to the kind that made it");
        state.evolve(&event, time);
        Ok(())
    }
    fn deadlines(&self, state: &dyn AnyState) -> Vec<Deadline> {
        typed::<A>(state).deadlines()
    }
    fn event_types(&self) -> &'static [&'static str] {
        A::Event::TYPES
    }
    fn read_event(&self, event_type: &str, payload: &[u8]) -> Result<(&'static str, Vec<u8>), DecodeError> {
        let event = A::Event::decode(event_type, payload)?;
        Ok((event.event_type(), event.encode()))
    }
    fn schemas(&self) -> Vec<(&'static str, schemars::Schema)> {
        A::Event::schemas()
    }
}
