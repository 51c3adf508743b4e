//! `/health`, `/ready`, `/metrics`, `/version`: for those who run the platform. They stand outside the edge, so
//! that a busy service still answers its probes and the access log is not full of them.

use crate::{Json, Readiness};
use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use interstate_telemetry::{Metrics, metrics::CONTENT_TYPE};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long figures that are looked up may take; a log that is away must not keep the others back.
const REFRESH: Duration = Duration::from_secs(3);

/// What the routes tell of.
pub(crate) struct Operations {
    /// The name in `/version`.
    pub(crate) name: String,
    /// Each service with its readiness.
    pub(crate) services: Vec<(String, Readiness)>,
    /// The figures of the process.
    pub(crate) metrics: Metrics,
    /// Renders those that belong here.
    pub(crate) render: Arc<dyn Fn() -> String + Send + Sync>,
}

pub(crate) fn router(operations: Operations) -> Router {
    let Operations {
        name,
        services,
        metrics,
        render,
    } = operations;
    let names: Vec<String> = services.iter().map(|(name, _)| name.clone()).collect();
    let services = Arc::new(services);
    Router::new()
        .route("/health", get(async || Json(json!({ "status": "up" }))))
        .route("/ready", get(async move || ready(&services)))
        .route(
            "/metrics",
            get(async move || {
                // Figures that are a moment old are better than none.
                let _ = tokio::time::timeout(REFRESH, metrics.refresh()).await;
                ([(header::CONTENT_TYPE, CONTENT_TYPE)], render())
            }),
        )
        .route(
            "/version",
            get(async move || {
                Json(json!({ "name": name, "version": env!("CARGO_PKG_VERSION"), "services": names }))
            }),
        )
}

fn ready(services: &[(String, Readiness)]) -> Response {
    let blocked: BTreeMap<_, _> = services
        .iter()
        .map(|(name, readiness)| (name, readiness.reasons()))
        .filter(|(_, reasons)| !reasons.is_empty())
        .collect();
    if blocked.is_empty() {
        return Json(json!({ "status": "ready" })).into_response();
    }
    let body = Json(json!({ "status": "not ready", "reasons": blocked }));
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::RETRY_AFTER, "1")],
        body,
    )
        .into_response()
}
