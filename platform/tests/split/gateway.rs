//! What stands in front of the services: one address, from which each path goes to the service that has it.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use interstate::paths::service_of;
use interstate_http::Shutdown;
use std::{collections::BTreeMap, sync::Arc};

/// A gateway that ends with the test.
pub struct Gateway {
    pub url: String,
    stop: Shutdown,
}

struct Services {
    urls: BTreeMap<&'static str, String>,
    http: reqwest::Client,
}

impl Gateway {
    /// In front of the services at these addresses.
    pub async fn start(urls: BTreeMap<&'static str, String>) -> Self {
        let services = Arc::new(Services {
            urls,
            http: reqwest::Client::new(),
        });
        let free = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let server = interstate_http::Server::bind(free, Default::default())
            .await
            .unwrap();
        let (url, stop) = (format!("http://{}", server.address()), Shutdown::new());
        let router = Router::new().fallback(forward).with_state(services);
        tokio::spawn(server.serve(router, stop.clone()));
        Self { url, stop }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn forward(State(services): State<Arc<Services>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let service = service_of(parts.method.as_str(), parts.uri.path())
        .unwrap_or_else(|| panic!("no service has {} {}", parts.method, parts.uri));
    let url = format!("{}{}", services.urls[service], parts.uri);
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut headers = parts.headers;
    headers.remove("host");
    headers.remove("content-length");
    let sent = services
        .http
        .request(parts.method, url)
        .headers(headers)
        .body(body);
    let answer = match sent.send().await {
        Ok(answer) => answer,
        Err(error) => {
            let mut response = Response::new(Body::from(format!("{error:?}")));
            *response.status_mut() = axum::http::StatusCode::BAD_GATEWAY;
            return response;
        }
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    response.headers_mut().remove("transfer-encoding");
    *response.body_mut() = Body::from(answer.bytes().await.unwrap());
    response
}
