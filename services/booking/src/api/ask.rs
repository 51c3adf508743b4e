//! From a request to a command, and from its outcome to an answer.

use super::{code::CODES, http::Edge};
use interstate_auth::Caller;
use interstate_eventing::{
    Rejection, RejectionKind,
    projection::{At, Wait},
    runtime::{Answered, Ask, AskError},
};
use interstate_http::{ConsistencyToken, Position, Problem, RequestContext, codes};
use interstate_schemas::AddressedCommand;
use std::{fmt::Display, time::Duration};

/// How long a query waits for the read model.
const PATIENCE: Duration = Duration::from_secs(2);

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
        self.commands.ask(ask).await.map_err(problem)
    }

    /// Waits until the read model shows what the client has seen.
    pub(super) async fn catch_up(&self, seen: &ConsistencyToken, subject: &str) -> Result<(), Problem> {
        for position in seen.of(self.position.service()) {
            let at = At {
                incarnation: position.incarnation,
                partition: position.partition,
                sequence: position.sequence,
            };
            let wait = self.position.wait_for(at, Some(subject), PATIENCE).await;
            match wait.map_err(Problem::internal)? {
                Wait::CaughtUp => {}
                Wait::NotYet | Wait::Parked => {
                    return Err(Problem::new(
                        &codes::NOT_CAUGHT_UP,
                        "The history of bookings has not come as far as your token.",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// What the client passes back to read its own write.
pub(super) fn token(answered: &Answered) -> ConsistencyToken {
    ConsistencyToken::at(Position {
        incarnation: answered.incarnation,
        service: answered.service.clone(),
        partition: answered.partition,
        sequence: answered.sequence,
    })
}

fn problem(error: AskError) -> Problem {
    match error {
        AskError::Rejected(rejection) => rejected(rejection),
        AskError::OtherBody => Problem::new(
            &codes::IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used before with another request.",
        ),
        AskError::Expired => Problem::new(&codes::TIMED_OUT, "The request came too late to be carried out."),
        AskError::Overloaded => Problem::new(&codes::OVERLOADED, "Too much is waiting."),
        AskError::Unavailable => Problem::new(
            &codes::TIMED_OUT,
            "No reply came in time; repeat with the same Idempotency-Key to hear the outcome.",
        ),
        AskError::NoSuchService(service) => Problem::new(
            &codes::UNAVAILABLE,
            format!("The service {service} is not part of this deployment."),
        ),
        AskError::Failed { code, why } => Problem::internal(format!("{code}: {why}")),
    }
}

fn rejected(rejection: Rejection) -> Problem {
    let known = CODES.iter().find(|known| known.code == rejection.code);
    let code = known.copied().unwrap_or(match rejection.kind {
        RejectionKind::NotFound => &codes::NOT_FOUND,
        RejectionKind::Limited => &codes::RATE_LIMITED,
        RejectionKind::Invalid | RejectionKind::Conflict | RejectionKind::Forbidden => &codes::BAD_REQUEST,
    });
    Problem::new(code, rejection.message)
}
