//! HTTP for whoever runs a test: faults, and the endpoint that events go to.

use crate::{
    api::{Body, Reply, Shared, parse},
    error::ApiError,
    faults::FaultSpec,
    provider::Provider,
    webhooks::Endpoint,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, post},
};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// The paths that no real provider has.
pub fn router() -> Router<Arc<Provider>> {
    Router::new()
        .route(
            "/v1/sandbox/faults",
            post(add_fault).get(list_faults).delete(clear_faults),
        )
        .route("/v1/sandbox/faults/{id}", delete(remove_fault))
        .route(
            "/v1/sandbox/webhook_endpoint",
            post(set_endpoint).get(show_endpoint),
        )
}

async fn add_fault(State(provider): Shared, body: Body) -> Reply {
    let rule = provider.faults.add(parse::<FaultSpec>(&body?)?)?;
    Ok((StatusCode::CREATED, Json(rule)).into_response())
}

async fn list_faults(State(provider): Shared) -> Response {
    Json(json!({"data": provider.faults.list()})).into_response()
}

async fn clear_faults(State(provider): Shared) -> StatusCode {
    provider.faults.remove(None);
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(provider): Shared, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let removed = id.parse().is_ok_and(|id| provider.faults.remove(Some(id)));
    if removed {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("there is no such fault"))
    }
}

async fn set_endpoint(State(provider): Shared, body: Body) -> Reply {
    let Endpoint { url, secret } = parse(&body?)?;
    let endpoint = Endpoint::new(&url, &secret).map_err(|wrong| ApiError::invalid_param("url", wrong))?;
    provider
        .set_endpoint(endpoint)
        .map_err(|error| ApiError::journal(&error))?;
    Ok((StatusCode::CREATED, Json(endpoint_view(&provider))).into_response())
}

async fn show_endpoint(State(provider): Shared) -> Response {
    Json(endpoint_view(&provider)).into_response()
}

/// Never shows the secret.
fn endpoint_view(provider: &Provider) -> impl Serialize {
    let (endpoint, pending) = provider.read(|book| (book.endpoint.clone(), book.open_events().len()));
    json!({"url": endpoint.map(|endpoint| endpoint.url.clone()), "pending": pending, "tally": provider.tally})
}
