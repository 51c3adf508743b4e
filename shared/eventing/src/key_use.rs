//! What an `Idempotency-Key` was used for, where the request's target does not say it.
//!
//! A command's id is made of actor, route, target and key, and its partition remembers it: a key with another body
//! is refused there. Where the target itself follows from the body (a booking is made by asking its quote), another
//! body would be another target, and nobody would notice. On such a route the key itself is asked first. It is an
//! aggregate like any other, so that what holds for commands holds here: it survives crashes, is the same for all
//! instances, and is forgotten after 24 hours of log time. It has no state and no events; the memory of its
//! partition is all it needs.

use crate::{
    Address, Aggregate, Context, Decision, DecodeError, DomainEvent, Rejection,
    runtime::{Answered, Ask, AskError, Commands},
};
use interstate_schemas::{Actor, CommandId, Timestamp, millis_of};
use serde::{Deserialize, Serialize};

/// A key of an actor on a route. Services whose edge asks for it have it among their aggregates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse;

/// There are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Never {}

impl DomainEvent for Never {
    const TYPES: &'static [&'static str] = &[];

    fn event_type(&self) -> &'static str {
        match *self {}
    }

    fn encode(&self) -> Vec<u8> {
        match *self {}
    }

    fn decode(event_type: &str, _: &[u8]) -> Result<Self, DecodeError> {
        Err(DecodeError::UnknownType(event_type.to_owned()))
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        Vec::new()
    }
}

impl Aggregate for KeyUse {
    const NAME: &'static str = "key-use";
    type Command = serde::de::IgnoredAny;
    type Event = Never;

    fn decide(&self, _: Self::Command, _: &Context<'_>) -> Result<Decision<Never>, Rejection> {
        Ok(Decision::nothing())
    }

    fn evolve(&mut self, event: &Never, _: Timestamp) {
        match *event {}
    }
}

impl Commands {
    /// Binds a key to a request, on a route whose target follows from the request's body. The request goes into the
    /// log: give a keyed hash of it where it holds what must not be there.
    ///
    /// # Errors
    /// [`AskError::OtherBody`] where it is bound to another one.
    pub async fn use_key(
        &self,
        service: &'static str,
        actor: Actor,
        route: &str,
        key: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<Answered, AskError> {
        let who = actor.to_string();
        let parts = [who.as_bytes(), route.as_bytes(), key.as_bytes()];
        let to = Address {
            service: service.into(),
            aggregate: KeyUse::NAME.into(),
            id: CommandId::derive(millis_of(key), &parts).to_string(),
        };
        let ask = Ask::new(to, request, actor);
        self.ask(ask.idempotent(route, key)).await
    }
}
