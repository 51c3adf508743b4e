//! HTTP: the routes, and how a fault gets between a request and its answer.

use crate::{
    config::Config,
    control,
    error::ApiError,
    faults::{RequestFault, Target},
    idempotency::{Fingerprint, IdempotencyKey},
    ids::IntentId,
    methods::Behaviour,
    operation::OperationKind,
    provider::{Answer, Provider},
    requests::{AuthorizeBody, CancelBody, CaptureBody, MAX_REFERENCE, NewIntent, RefundBody, Request},
    views,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use std::sync::Arc;
use tokio::time::sleep;

const MAX_PAGE: usize = 500;
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

pub(crate) type Shared = State<Arc<Provider>>;
pub(crate) type Body = Result<Bytes, BytesRejection>;
type Params<T> = Result<Query<T>, QueryRejection>;
pub(crate) type Reply = Result<Response, ApiError>;

/// Every path of the sandbox.
pub fn router(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/v1/payment_intents", post(authorize).get(find_intents))
        .route("/v1/payment_intents/{id}", get(show_intent))
        .route("/v1/payment_intents/{id}/capture", post(capture))
        .route("/v1/payment_intents/{id}/cancel", post(cancel))
        .route("/v1/refunds", post(refund).get(find_refunds))
        .route("/v1/operations", get(find_operations))
        .route("/v1/book", get(book))
        .merge(control::router())
        .fallback(async || ApiError::not_found("there is no such path"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(DefaultBodyLimit::max(provider.config.max_body))
        .with_state(provider)
}

async fn health(State(provider): Shared) -> Response {
    let intents = provider.read(|book| book.len());
    Json(json!({"status": "ok", "payment_intents": intents})).into_response()
}

async fn authorize(State(provider): Shared, headers: HeaderMap, body: Body) -> Reply {
    let text = key_text(&headers)?;
    let body: AuthorizeBody = parse(&body?)?;
    let fingerprint = Fingerprint::of("/v1/payment_intents", &body);
    submit(provider, body.check()?, IdempotencyKey { text, fingerprint }).await
}

async fn capture(State(provider): Shared, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Reply {
    let text = key_text(&headers)?;
    let body: CaptureBody = parse_optional(&body?)?;
    let fingerprint = Fingerprint::of(&format!("/v1/payment_intents/{id}/capture"), &body);
    submit(
        provider,
        body.check(intent_id(&id)?, &text)?,
        IdempotencyKey { text, fingerprint },
    )
    .await
}

async fn cancel(State(provider): Shared, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Reply {
    let text = key_text(&headers)?;
    let body: CancelBody = parse_optional(&body?)?;
    let fingerprint = Fingerprint::of(&format!("/v1/payment_intents/{id}/cancel"), &body);
    submit(
        provider,
        body.check(intent_id(&id)?, &text)?,
        IdempotencyKey { text, fingerprint },
    )
    .await
}

async fn refund(State(provider): Shared, headers: HeaderMap, body: Body) -> Reply {
    let text = key_text(&headers)?;
    let body: RefundBody = parse(&body?)?;
    let fingerprint = Fingerprint::of("/v1/refunds", &body);
    submit(provider, body.check()?, IdempotencyKey { text, fingerprint }).await
}

/// Carries `request` out, or whatever a fault makes of it.
async fn submit(provider: Arc<Provider>, request: Request, key: IdempotencyKey) -> Reply {
    let fault = provider
        .faults
        .on_request(request.kind().into(), request.reference());
    let fault = fault.or_else(|| own_slowness(&provider, &request));
    match fault {
        None => respond(provider.perform(&request, key)),
        Some(RequestFault::Error500) => Err(ApiError::injected()),
        Some(RequestFault::HangWithoutEffect) => hang(&provider).await,
        Some(RequestFault::HangWithEffect) => {
            provider.perform(&request, key);
            hang(&provider).await
        }
        Some(RequestFault::Slow(delay)) => {
            // A task of its own: the effect comes even if the client has left, and may come after the client has
            // asked and been told that there is none.
            let late = tokio::spawn(async move {
                sleep(delay).await;
                provider.perform(&request, key)
            });
            respond(late.await.map_err(|_| ApiError::injected())?)
        }
    }
}

fn own_slowness(provider: &Provider, request: &Request) -> Option<RequestFault> {
    let Request::Authorize(NewIntent { payment_method, .. }) = request else {
        return None;
    };
    (payment_method.behaviour() == Behaviour::ApprovesSlowly)
        .then_some(RequestFault::Slow(provider.config.slow))
}

/// Keeps the client waiting until it gives up, the sandbox stops, or the time is up.
async fn hang(provider: &Provider) -> Reply {
    tokio::select! {
        () = sleep(provider.config.hang.min(Config::LONGEST_HANG)) => {}
        () = provider.stopped() => {}
    }
    Err(ApiError::timed_out())
}

fn respond(answer: Answer) -> Reply {
    let mut response = answer.outcome.map_or_else(IntoResponse::into_response, body_of);
    if answer.replayed {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByReference {
    reference: String,
}

async fn find_intents(State(provider): Shared, params: Params<ByReference>) -> Reply {
    let Query(ByReference { reference }) = params?;
    query(&provider, &reference, || {
        provider.read(|book| views::intents_by_reference(book, &reference))
    })
    .await
}

async fn find_refunds(State(provider): Shared, params: Params<ByReference>) -> Reply {
    let Query(ByReference { reference }) = params?;
    query(&provider, &reference, || {
        provider.read(|book| {
            views::operations_by_reference(book, &reference, |found| found.kind == OperationKind::Refund)
        })
    })
    .await
}

async fn find_operations(State(provider): Shared, params: Params<ByReference>) -> Reply {
    let Query(ByReference { reference }) = params?;
    query(&provider, &reference, || {
        provider.read(|book| views::operations_by_reference(book, &reference, |_| true))
    })
    .await
}

async fn show_intent(State(provider): Shared, Path(text): Path<String>) -> Reply {
    let id = intent_id(&text)?;
    if provider.read(|book| book.intent(id).is_none()) {
        return Err(ApiError::no_such_intent(id));
    }
    query(&provider, &text, || {
        provider.read(|book| book.intent(id).map(views::intent).unwrap_or_default())
    })
    .await
}

/// Answers a question about `subject`, or whatever a fault makes of it.
async fn query(provider: &Provider, subject: &str, read: impl FnOnce() -> Vec<u8>) -> Reply {
    match provider.faults.on_request(Target::Query, subject) {
        None => {}
        Some(RequestFault::Slow(delay)) => sleep(delay).await,
        Some(RequestFault::Error500) => return Err(ApiError::injected()),
        Some(RequestFault::HangWithEffect | RequestFault::HangWithoutEffect) => return hang(provider).await,
    }
    Ok(body_of(read()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageParams {
    after: Option<IntentId>,
    #[serde(default = "PageParams::default_limit")]
    limit: usize,
}

impl PageParams {
    fn default_limit() -> usize {
        100
    }
}

async fn book(State(provider): Shared, params: Params<PageParams>) -> Reply {
    let Query(PageParams { after, limit }) = params?;
    let limit = limit.clamp(1, MAX_PAGE);
    Ok(body_of(provider.read(|book| views::page(book, after, limit))))
}

fn body_of(json: Vec<u8>) -> Response {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        json,
    )
        .into_response()
}

pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::invalid("parameter_invalid", error.to_string()))
}

fn parse_optional<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, ApiError> {
    if body.is_empty() {
        Ok(T::default())
    } else {
        parse(body)
    }
}

fn intent_id(text: &str) -> Result<IntentId, ApiError> {
    text.parse()
        .map_err(|_| ApiError::not_found(format!("there is no payment intent `{text}`")))
}

fn key_text(headers: &HeaderMap) -> Result<Arc<str>, ApiError> {
    let key = headers
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if (1..=MAX_REFERENCE).contains(&key.len()) {
        return Ok(key.into());
    }
    let message = format!("an Idempotency-Key header of 1 to {MAX_REFERENCE} visible characters is required");
    Err(ApiError::invalid("idempotency_key_required", message))
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        Self::unreadable(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::unreadable(rejection.status(), rejection.body_text())
    }
}
