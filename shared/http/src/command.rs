//! Between a request and an aggregate: what an outcome is over HTTP, and reading one's own writes.

use crate::{ConsistencyToken, ErrorCode, Position, Problem, codes};
use interstate_eventing::{
    Rejection, RejectionKind,
    projection::{At, ReadPosition, Wait},
    runtime::{Answered, AskError},
};
use std::time::Duration;

/// How long a query waits for its read model.
const PATIENCE: Duration = Duration::from_secs(2);

/// When to try again where the log has no room.
const ROOM_AFTER: Duration = Duration::from_secs(5);

/// What the client passes back to read its own write.
pub fn token(answered: &Answered) -> ConsistencyToken {
    ConsistencyToken::at(Position {
        incarnation: answered.incarnation,
        service: answered.service.clone(),
        partition: answered.partition,
        sequence: answered.sequence,
    })
}

/// A failed command as a problem; `known` are the codes that the service's rejections may carry.
pub fn ask_problem(error: AskError, known: &[&'static ErrorCode]) -> Problem {
    match error {
        AskError::Rejected(rejection) => rejected(rejection, known),
        AskError::OtherBody => Problem::new(
            &codes::IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used before with another request.",
        ),
        AskError::Expired => Problem::new(&codes::TIMED_OUT, "The request came too late to be carried out."),
        AskError::Overloaded => Problem::new(&codes::OVERLOADED, "Too much is waiting."),
        AskError::Full => log_full(),
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

/// The log has no room for anything new; somebody has to make some, which takes longer than a moment.
pub fn log_full() -> Problem {
    Problem::new(&codes::LOG_FULL, "The disk of the log is full.").retry_after(ROOM_AFTER)
}

fn rejected(rejection: Rejection, known: &[&'static ErrorCode]) -> Problem {
    let found = known.iter().find(|code| code.code == rejection.code);
    let code = found.copied().unwrap_or(match rejection.kind {
        RejectionKind::NotFound => &codes::NOT_FOUND,
        RejectionKind::Limited => &codes::RATE_LIMITED,
        RejectionKind::Invalid | RejectionKind::Conflict | RejectionKind::Forbidden => &codes::BAD_REQUEST,
    });
    Problem::new(code, rejection.message)
}

/// Waits until a read model shows what the client has seen of `subject`'s service.
///
/// # Errors
/// [`codes::NOT_CAUGHT_UP`] where it does not in time, or because events of `subject` are parked, and
/// [`codes::UNAVAILABLE`] where the read model's store does not answer.
pub async fn catch_up(
    position: &ReadPosition,
    seen: Option<&ConsistencyToken>,
    subject: Option<&str>,
) -> Result<(), Problem> {
    for seen in seen.iter().flat_map(|token| token.of(position.service())) {
        let at = At {
            incarnation: seen.incarnation,
            partition: seen.partition,
            sequence: seen.sequence,
        };
        match position
            .wait_for(at, subject, PATIENCE)
            .await
            .map_err(|error| Problem::away(error, "What you ask for cannot be read now."))?
        {
            Wait::CaughtUp => {}
            Wait::NotYet | Wait::Parked => {
                return Err(Problem::new(
                    &codes::NOT_CAUGHT_UP,
                    "What you ask for has not come as far as your consistency token.",
                ));
            }
        }
    }
    Ok(())
}
