//! What stands in front of the services: one address, from which each path goes to an instance of the service that
//! has it. It keeps the journal, for every command and its answer come through here.

use crate::journal::Journal;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use interstate::paths::service_of;
use interstate_http::{ConsistencyToken, Server, Shutdown};
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How long an instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an instance that did not answer comes second.
const SUSPECT: Duration = Duration::from_secs(2);
const OPERATOR: &str = "/operator/";
const LARGEST_BODY: usize = 1 << 20;

/// A gateway that ends with the value.
pub struct Gateway {
    /// Where it answers.
    pub url: String,
    stop: Shutdown,
}

struct Services {
    urls: BTreeMap<&'static str, Vec<String>>,
    turn: AtomicUsize,
    suspects: Mutex<BTreeMap<String, Instant>>,
    journal: Arc<Journal>,
    http: reqwest::Client,
}

impl Gateway {
    /// In front of the instances at these addresses.
    pub async fn start(urls: BTreeMap<&'static str, Vec<String>>, journal: Arc<Journal>) -> io::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(1))
            .build()
            .map_err(io::Error::other)?;
        let services = Arc::new(Services {
            urls,
            turn: AtomicUsize::new(0),
            suspects: Mutex::default(),
            journal,
            http,
        });
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(free, Default::default())
            .await
            .map_err(io::Error::other)?;
        let (url, stop) = (format!("http://{}", server.address()), Shutdown::new());
        let router = Router::new().fallback(forward).with_state(services);
        tokio::spawn(server.serve(router, stop.clone()));
        Ok(Self { url, stop })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Services {
    /// The instances of a service, the one whose turn it is first, those that did not answer last.
    fn in_turn(&self, service: &str) -> Vec<String> {
        let mut urls = self.urls[service].clone();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % urls.len();
        urls.rotate_left(turn);
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.retain(|_, since| since.elapsed() < SUSPECT);
        urls.sort_by_key(|url| suspects.contains_key(url));
        urls
    }

    fn suspect(&self, url: &str) {
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.insert(url.to_owned(), Instant::now());
    }
}

async fn forward(State(services): State<Arc<Services>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(service) = in_front_of(parts.method.as_str(), parts.uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    headers.remove(header::CONTENT_LENGTH);
    let mut refused = String::new();
    let mut urls = services.in_turn(service);
    if parts.uri.path().starts_with(OPERATOR) {
        // Each instance has a key of its own.
        urls = services.urls[service][..1].to_vec();
    }
    for url in urls {
        let sent = services
            .http
            .request(parts.method.clone(), format!("{url}{}", parts.uri))
            .headers(headers.clone())
            .body(body.clone());
        match sent.send().await {
            Ok(answer) => return passed_on(&services.journal, &headers, parts.uri.path(), answer).await,
            Err(error) => {
                services.suspect(&url);
                refused = format!("{service}: {error}");
                // What was sent may have been done: that is for the client to repeat.
                if !error.is_connect() {
                    break;
                }
            }
        }
    }
    (StatusCode::SERVICE_UNAVAILABLE, refused).into_response()
}

async fn passed_on(journal: &Journal, asked: &HeaderMap, path: &str, answer: reqwest::Response) -> Response {
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(header::TRANSFER_ENCODING);
    let Ok(body) = answer.bytes().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the answer broke off").into_response();
    };
    let text = |headers: &HeaderMap, name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let (key, token) = (
        text(asked, "idempotency-key"),
        text(&headers, ConsistencyToken::HEADER),
    );
    if status.is_success()
        && let Some(key) = key
        && let Some(token) = token.and_then(|token| token.parse().ok())
    {
        journal.take(&key, path, status.as_u16(), token);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The service that a path goes to; the operator's door is that of the user service.
fn in_front_of(method: &str, path: &str) -> Option<&'static str> {
    match path.starts_with(OPERATOR) {
        true => Some("user"),
        false => service_of(method, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_door_is_the_user_services() {
        assert_eq!(in_front_of("GET", "/operator/status"), Some("user"));
        assert_eq!(in_front_of("POST", "/v1/bookings"), Some("booking"));
    }
}
