//! Carries one operation out, until its end is certain and its payment knows.

use super::{
    desk::{Desk, Open},
    provider::{Provider, ProviderError, Standing, Take},
    queue::Queue,
    results::Results,
    wakes::Wakes,
    worker::EffectsOptions,
};
use crate::domain::{Command, OperationKind, OperationResult, event::OperationRequested};
use interstate_eventing::{
    plant::{self, Bug},
    runtime::{AskError, Clock},
};
use interstate_schemas::{CommandId, derive_ulid};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// What all operations are carried out with.
pub(super) struct Tools {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) results: Arc<dyn Results>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) wakes: Wakes,
    pub(super) queue: Queue,
    pub(super) desk: Desk,
    pub(super) slots: Semaphore,
    pub(super) options: EffectsOptions,
}

/// How often a payment is told of a result while a shared job is held; then it is another visit's turn.
const TELLS: u32 = 8;

/// Asks the provider until the end is certain, then tells the payment until it has heard. Of a shared queue's job it is
/// this `attempt` alone, so that the job is not held while a rider thinks. Whether the payment knows the end now.
pub(super) async fn carry_out(tools: &Tools, open: &Open, known: bool, attempt: Option<u32>) -> bool {
    let operation = open.request.operation;
    let mut unknown = open.resumed || known;
    let single = attempt.is_some();
    // Who comes by for one visit does not wait: a webhook makes another one.
    let registered = (!single).then(|| tools.wakes.register(operation));
    let mut attempt = attempt.map_or(0, |attempt| attempt.saturating_sub(1));
    let result = loop {
        attempt += 1;
        match ask(tools, &open.request, unknown, attempt).await {
            Ok(Standing::Succeeded {
                provider_reference,
                lasts_seconds,
            }) => {
                break OperationResult::Succeeded {
                    provider_reference,
                    lasts_seconds,
                };
            }
            Ok(Standing::Refused { code }) => break OperationResult::Refused { code },
            Ok(Standing::Pending) => {}
            Err(error) => {
                tracing::warn!(%operation, attempt, %error, "a payment operation's outcome is unknown")
            }
        }
        let Some(registered) = &registered else {
            return false;
        };
        // From here on the provider may have it, whatever the answer was.
        unknown = true;
        tokio::select! {
            biased;
            () = registered.woken() => {}
            () = tools.clock.sleep(wait(&tools.options, &open.request, attempt)) => {}
        }
    };
    tell(tools, open, attempt, result, single.then_some(TELLS)).await
}

/// Asks once. Where the operation may have been sent before, the provider is asked what became of it; only what
/// it has not heard of is sent again, and with the same key, so that one that is still on its way counts once.
async fn ask(
    tools: &Tools,
    request: &OperationRequested,
    unknown: bool,
    attempt: u32,
) -> Result<Standing, ProviderError> {
    let _slot = tools.slots.acquire().await;
    if plant::on(Bug::DoubleCaptureAfterTimeout) {
        let key = format!("{}-{attempt}", request.operation);
        return send(&*tools.provider, request, &key).await;
    }
    if unknown && let Some(standing) = tools.provider.find(request.operation).await? {
        return Ok(standing);
    }
    send(&*tools.provider, request, &request.operation.to_string()).await
}

async fn send(
    provider: &dyn Provider,
    request: &OperationRequested,
    key: &str,
) -> Result<Standing, ProviderError> {
    let OperationRequested {
        operation, amount, ..
    } = *request;
    let take = || {
        Some(Take {
            amount,
            method: request.method.clone()?,
        })
    };
    let on = request.provider_reference.as_deref();
    match (request.kind, take(), on) {
        (OperationKind::Hold, Some(take), _) => provider.hold(operation, key, &take).await,
        (OperationKind::Charge, Some(take), _) => provider.charge(operation, key, &take).await,
        (OperationKind::Capture, _, Some(on)) => provider.capture(operation, key, on, amount).await,
        (OperationKind::Void, _, Some(on)) => provider.void(operation, key, on).await,
        (OperationKind::Refund, _, Some(on)) => provider.refund(operation, key, on, amount).await,
        // Nothing that a payment decides looks like this; nothing can come of it.
        _ => Ok(Standing::Refused {
            code: "incomplete_request".to_owned(),
        }),
    }
}

/// The result is told under an id of the operation alone: a repeat is the same command, and the payment takes
/// one result only.
async fn tell(tools: &Tools, open: &Open, attempt: u32, result: OperationResult, most: Option<u32>) -> bool {
    let operation = open.request.operation;
    let command = Command::OperationResult {
        operation,
        attempt,
        result,
    };
    let mut tries = 0;
    loop {
        tries += 1;
        let bits = operation.ulid().0.to_be_bytes();
        let body = interstate_eventing::encode_json(&command);
        let id = CommandId::derive(0, &[b"operation result", &bits, &body]);
        match tools.results.tell(open.payment, &command, id).await {
            Ok(()) => return true,
            Err(AskError::Rejected(rejection)) => {
                tracing::error!(%operation, code = %rejection.code, "a payment does not know its own operation");
                return true;
            }
            Err(error) => {
                tracing::warn!(%operation, tries, %error, "a payment has not heard of a result yet")
            }
        }
        if most.is_some_and(|most| tries >= most) {
            return false;
        }
        tools
            .clock
            .sleep(wait(&tools.options, &open.request, tries))
            .await;
    }
}

/// Twice as long each time, up to a bound; half of it varies with operation and attempt, so that many that
/// failed together do not come back together.
pub(super) fn wait(options: &EffectsOptions, request: &OperationRequested, attempt: u32) -> Duration {
    let whole = options
        .first_wait
        .saturating_mul(1 << attempt.saturating_sub(1).min(16))
        .min(options.longest_wait);
    let bits = derive_ulid(
        0,
        &[&request.operation.ulid().0.to_be_bytes(), &attempt.to_be_bytes()],
    )
    .0;
    let share = u32::try_from(bits % 1_000).unwrap_or(0);
    whole / 2 + whole.saturating_mul(share) / 2_000
}

#[cfg(test)]
mod wait_tests {
    use super::*;
    use crate::domain::Purpose;
    use interstate_schemas::{Money, OperationId};

    #[test]
    fn waits_grow_to_a_bound_and_differ() {
        let request = |n: u8| OperationRequested {
            operation: OperationId::derive(1, &[&[n]]),
            kind: OperationKind::Void,
            purpose: Purpose::Advance,
            amount: Money::rupees(1),
            method: None,
            provider_reference: None,
        };
        let options = EffectsOptions::default();
        assert!(wait(&options, &request(1), 1) <= options.first_wait);
        assert!(wait(&options, &request(1), 4) > options.first_wait);
        assert!(wait(&options, &request(1), 1_000) <= options.longest_wait);
        assert_ne!(wait(&options, &request(1), 9), wait(&options, &request(2), 9));
    }
}
