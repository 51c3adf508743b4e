//! The routes under `/operator`.

use super::{KEY_HEADER, NewStaff, Status};
use crate::audit::Check;
use async_trait::async_trait;
use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use interstate_http::{Problem, codes};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// What a running platform does for its operator.
#[async_trait]
pub trait Actions: Send + Sync + 'static {
    /// The figures of this moment.
    async fn status(&self) -> Status;
    /// Rebuilds a read model beside the live one, compares, and switches unless only asked to verify.
    async fn replay(&self, model: &str, verify: bool) -> Result<String, String>;
    /// Tries the parked events of a read model again.
    async fn retry_parked(&self, model: &str) -> Result<String, String>;
    /// Gives somebody of the staff an account.
    async fn add_staff(&self, new: NewStaff) -> Result<String, String>;
    /// Checks the invariants, and changes nothing.
    async fn audit(&self) -> Vec<Check>;
    /// Copies the log and the keys into a folder of this machine.
    async fn backup(&self, into: &std::path::Path) -> Result<String, String>;
    /// The story of a booking.
    async fn explain(&self, booking: &str) -> Result<String, String>;
}

type Shared = Arc<dyn Actions>;

/// Where a backup is to be put, on the machine of the platform.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupPlace {
    /// A whole path of a folder that is empty or not there.
    pub into: PathBuf,
}

/// The routes, open to the holder of this key.
pub fn router(actions: Shared, key: String) -> Router {
    let key: Arc<str> = key.into();
    Router::new()
        .route("/operator/status", get(status))
        .route("/operator/replay/{model}", post(replay))
        .route("/operator/parked/{model}", post(retry_parked))
        .route("/operator/explain/{booking}", get(explain))
        .route("/operator/audit", get(audit))
        .route("/operator/staff", post(add_staff))
        .route("/operator/backup", post(backup))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let key = key.clone();
            async move { guarded(&key, request, next).await }
        }))
        .with_state(actions)
}

async fn guarded(key: &str, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(KEY_HEADER)
        .map(axum::http::HeaderValue::as_bytes)
        .unwrap_or_default();
    if same(given, key.as_bytes()) {
        return next.run(request).await;
    }
    Problem::new(&codes::NOT_FOUND, "there is nothing here").into_response()
}

/// Compares in a time that tells nothing about where they differ.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len() && given.iter().zip(wanted).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

async fn status(State(actions): State<Shared>) -> Json<Status> {
    Json(actions.status().await)
}

#[derive(Deserialize)]
struct Verify {
    #[serde(default)]
    verify: bool,
}

async fn replay(
    State(actions): State<Shared>,
    Path(model): Path<String>,
    Query(query): Query<Verify>,
) -> Response {
    told(actions.replay(&model, query.verify).await)
}

async fn retry_parked(State(actions): State<Shared>, Path(model): Path<String>) -> Response {
    told(actions.retry_parked(&model).await)
}

async fn explain(State(actions): State<Shared>, Path(booking): Path<String>) -> Response {
    told(actions.explain(&booking).await)
}

async fn audit(State(actions): State<Shared>) -> Json<Vec<Check>> {
    Json(actions.audit().await)
}

async fn add_staff(State(actions): State<Shared>, Json(new): Json<NewStaff>) -> Response {
    told(actions.add_staff(new).await)
}

async fn backup(State(actions): State<Shared>, Json(place): Json<BackupPlace>) -> Response {
    told(actions.backup(&place.into).await)
}

fn told(result: Result<String, String>) -> Response {
    match result {
        Ok(text) => text.into_response(),
        Err(why) => (StatusCode::UNPROCESSABLE_ENTITY, why).into_response(),
    }
}
