//! What the provider tells. It needs no Idempotency-Key: a webhook changes nothing, it makes us ask.

use super::{codes, http::Edge};
use crate::effects::webhook;
use aide::NoApi;
use axum::{body::Bytes, extract::State};
use http::{HeaderMap, StatusCode};
use interstate_http::Problem;

/// Takes a webhook. A repeat wakes again, which is harmless; one about nothing of ours is taken and forgotten,
/// so that the provider does not send it for ever.
pub(super) async fn receive(
    State(edge): State<Edge>,
    NoApi(headers): NoApi<HeaderMap>,
    NoApi(body): NoApi<Bytes>,
) -> Result<NoApi<StatusCode>, Problem> {
    let signature = headers
        .get(webhook::SIGNATURE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let now = (edge.wall_clock)();
    if !edge
        .webhook_secret
        .as_ref()
        .is_some_and(|secret| secret.verify(signature, &body, now))
    {
        let text = "The webhook is not signed by the provider, or too long ago.";
        return Err(Problem::new(&codes::PAYMENT_WEBHOOK_SIGNATURE, text));
    }
    if let Some(operation) = webhook::operation(&body) {
        edge.wakes.wake(operation);
    }
    Ok(NoApi(StatusCode::NO_CONTENT))
}
