//! A small API that has everything the edge offers, and a running server of it.

use aide::axum::{
    ApiRouter,
    routing::{get, post},
};
use futures::StreamExt;
use interstate_http::*;
use interstate_telemetry::Metrics;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, time::Duration};
use tokio::task::JoinHandle;

pub static QUOTE_EXPIRED: ErrorCode = ErrorCode {
    code: "quote-expired",
    status: 409,
    title: "The quote has expired",
    help: "Ask for a new one.",
};

static CODES_OF_RIDE: &[&ErrorCode] = &[&QUOTE_EXPIRED];

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ride {
    pub from: String,
    pub passengers: u8,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RidePath {
    id: u64,
}

async fn book(key: IdempotencyKey, Json(ride): Json<Ride>) -> Result<Created<Ride>, Problem> {
    if key.as_str() == "late" {
        return Err(Problem::new(&QUOTE_EXPIRED, "It was good for ten minutes."));
    }
    let position = Position {
        incarnation: 1,
        service: "ride".into(),
        partition: 2,
        sequence: 9,
    };
    Ok(Created::new(ride)
        .token(ConsistencyToken::at(position))
        .location("/v1/rides/1"))
}

async fn one(Path(RidePath { id }): Path<RidePath>, seen: ConsistencyToken) -> Json<String> {
    Json(format!("{id} after {seen}"))
}

async fn list(Query(page): Query<PageQuery<u64>>) -> Json<Page<u64>> {
    let after = page.cursor.map_or(0, |cursor| cursor.0);
    let rows = (after + 1..=5)
        .take(page.limit.rows_to_fetch() as usize)
        .collect();
    Json(Page::of(rows, page.limit, |row| *row))
}

async fn panics() -> Json<u8> {
    panic!("the secret plan failed")
}

async fn slow() -> Json<u8> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    Json(1)
}

async fn plain_error() -> Result<String, http::StatusCode> {
    Err(http::StatusCode::IM_A_TEAPOT)
}

async fn context(context: RequestContext) -> Json<String> {
    Json(format!(
        "{} {}",
        context.trace,
        context.client.map_or_else(String::new, |ip| ip.to_string())
    ))
}

/// Streams that the small API serves at a time.
pub const STREAMS: usize = Streams::OF_EACH + 2;

#[derive(Deserialize, JsonSchema)]
struct Ticks {
    viewer: u64,
    seconds: u64,
}

/// A running server of the small API.
pub struct Running {
    pub address: SocketAddr,
    pub readiness: Readiness,
    pub shutdown: Shutdown,
    pub client: reqwest::Client,
    pub server: JoinHandle<usize>,
}

impl Running {
    pub async fn start(edge: EdgeOptions, server: ServerOptions) -> Self {
        let shutdown = Shutdown::new();
        let streams = Streams::new(STREAMS, shutdown.clone());
        let ticks = async move |Path(Ticks { viewer, seconds }): Path<Ticks>| {
            streams.open(
                Viewer {
                    id: viewer.into(),
                    lasts: Duration::from_secs(seconds),
                },
                futures::stream::iter(0..2)
                    .chain(futures::stream::pending())
                    .map(|tick: u8| LiveEvent {
                        kind: "tick",
                        id: Some(tick.to_string()),
                        data: tick,
                    }),
            )
        };
        let router = ApiRouter::new()
            .api_route("/v1/rides", post(book).get(list))
            .api_route("/v1/rides/{id}", get(one))
            .api_route("/v1/panics", get(panics))
            .api_route("/v1/slow", get(slow))
            .api_route("/v1/context", get(context))
            .api_route("/v1/ticks/{viewer}/{seconds}", get(ticks))
            .route("/v1/teapot", axum::routing::get(plain_error));
        let metrics = Metrics::new();
        let readiness = Readiness::new();
        let api = Api::new(router, readiness.clone(), CODES_OF_RIDE, metrics.service("ride"));
        let router = assemble("ride", &[api], &edge, &metrics);
        let server = Server::bind(([127, 0, 0, 1], 0).into(), server).await.unwrap();
        let address = server.address();
        let serving = tokio::spawn(server.serve(router, shutdown.clone()));
        Self {
            address,
            readiness,
            shutdown,
            client: reqwest::Client::new(),
            server: serving,
        }
    }

    pub async fn with_defaults() -> Self {
        Self::start(EdgeOptions::default(), ServerOptions::default()).await
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    pub fn post(&self, path: &str, body: &str) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("http://{}{path}", self.address));
        request
            .header("content-type", "application/json")
            .header("idempotency-key", "k-1")
            .body(body.to_owned())
    }
}

/// Sends, and takes the answer apart: it must be a problem that names its request.
pub async fn problem(request: reqwest::RequestBuilder) -> (u16, serde_json::Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["instance"], format!("urn:interstate:request:{id}"));
    assert_eq!(body["status"], status);
    assert_eq!(
        body["type"],
        format!("/docs/errors/{}", body["code"].as_str().unwrap())
    );
    (status, body)
}
