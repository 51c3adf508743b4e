//! From a request to a command, and from its outcome to an answer.

use super::{code::problem, http::Edge};
use crate::domain::Command;
use interstate_auth::Caller;
use interstate_eventing::runtime::Ask;
use interstate_http::{Answer, IdempotencyKey, Problem, RequestContext, token};
use interstate_schemas::{BookingId, PaymentId};
use serde::de::DeserializeOwned;

impl Edge {
    /// Asks the money side of a booking; a repeat with the same key is the same command.
    pub(super) async fn ask<R: DeserializeOwned>(
        &self,
        booking: BookingId,
        command: &Command,
        caller: &Caller,
        context: &RequestContext,
        (route, key): (&str, &IdempotencyKey),
    ) -> Result<Answer<R>, Problem> {
        let ask = Ask::to(PaymentId::from(booking), command, caller.actor())
            .idempotent(route, key.as_str())
            .trace(Some(context.trace.to_string()));
        let answered = self.commands.ask(ask).await.map_err(problem)?;
        let reply = answered.decode().map_err(Problem::internal)?;
        Ok(Answer::new(reply).token(token(&answered)))
    }
}
