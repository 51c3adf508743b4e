//! From a request to a command, and from its outcome to an answer.

use super::{code::CODES, http::Edge};
use interstate_auth::Caller;
use interstate_eventing::runtime::{Answered, Ask};
use interstate_http::{ConsistencyToken, Problem, RequestContext, ask_problem, catch_up};
use interstate_schemas::AddressedCommand;
use std::fmt::Display;

impl Edge {
    /// Asks an aggregate; `repeat` is the route and the key that make a repeat the same command.
    pub(super) async fn ask<C: AddressedCommand>(
        &self,
        id: impl Display,
        command: &C,
        caller: &Caller,
        context: &RequestContext,
        repeat: Option<(&str, &str)>,
    ) -> Result<Answered, Problem> {
        let mut ask = Ask::to(id, command, caller.actor()).trace(Some(context.trace.to_string()));
        if let Some((route, key)) = repeat {
            ask = ask.idempotent(route, key);
        }
        let answered = self.commands.ask(ask).await;
        answered.map_err(|error| ask_problem(error, CODES))
    }

    /// Waits until the read model shows what the client has seen.
    pub(super) async fn catch_up(
        &self,
        seen: &ConsistencyToken,
        subject: Option<&str>,
    ) -> Result<(), Problem> {
        catch_up(&self.position, Some(seen), subject).await
    }
}
