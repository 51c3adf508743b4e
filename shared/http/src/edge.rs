//! What every request passes through: id and trace, limits, time-out, panics, the access log, figures.
//!
//! One middleware instead of a tower of layers: it reads from top to bottom, and costs one boxed future.

use crate::{Client, Problem, Rate, RequestContext, RequestId, codes, leftover::Leftover};
use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use interstate_live::{Live, rates::RateLimit};
use interstate_telemetry::{ServiceMetrics, TraceContext};
use std::{
    net::{IpAddr, Ipv6Addr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tracing::{Instrument, field};

/// The route of a path that nobody serves.
const UNMATCHED: &str = "unmatched";

/// The limits of one edge.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    /// The largest body in bytes; a route may have its own by axum's `DefaultBodyLimit`.
    pub body_bytes: usize,
    /// How long a handler may take until it has the answer's head. Streams then go on.
    pub timeout: Duration,
    /// Requests handled at a time; the next one is answered 503 at once.
    pub in_flight: usize,
    /// What one address may send; nothing means no limit. A limit for each signed-in user is the guard's.
    pub per_address: Option<Rate>,
    /// How many addresses are told apart.
    pub addresses: usize,
    /// What instances count together.
    pub live: Live,
    /// How many proxies of ours stand in front: that many entries of `X-Forwarded-For` are believed.
    pub proxies: usize,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            timeout: Duration::from_secs(10),
            in_flight: 1_024,
            per_address: None,
            addresses: 20_000,
            live: Live::in_memory(),
            proxies: 0,
        }
    }
}

/// The state of one edge; its APIs share the limits and have each their own figures.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    limits: Arc<Limits>,
    metrics: ServiceMetrics,
}

#[derive(Debug)]
struct Limits {
    timeout: Duration,
    in_flight: Semaphore,
    per_address: Option<Arc<dyn RateLimit>>,
    proxies: usize,
}

impl Edge {
    /// `name` tells its limits from those of other edges.
    pub(crate) fn new(name: &str, options: &EdgeOptions, metrics: ServiceMetrics) -> Self {
        let limit = |rate| {
            let name = format!("address:{name}");
            options.live.limit(&name, rate, options.addresses)
        };
        let limits = Limits {
            timeout: options.timeout,
            in_flight: Semaphore::new(options.in_flight),
            per_address: options.per_address.map(limit),
            proxies: options.proxies,
        };
        Self {
            limits: Arc::new(limits),
            metrics,
        }
    }

    /// The same limits, another service's figures.
    pub(crate) fn with_metrics(&self, metrics: ServiceMetrics) -> Self {
        Self {
            limits: self.limits.clone(),
            metrics,
        }
    }

    /// The answer, within the limits.
    async fn answer(&self, client: Option<IpAddr>, request: Request, next: Next) -> Response {
        let limits = &*self.limits;
        if let (Some(limiter), Some(client)) = (&limits.per_address, client)
            && let Err(wait) = limiter.take(&share(client).to_string()).await
        {
            let problem = Problem::new(&codes::RATE_LIMITED, "Too many requests come from this address.");
            return problem.retry_after(wait).into_response();
        }
        let Ok(_permit) = limits.in_flight.try_acquire() else {
            return Problem::new(
                &codes::OVERLOADED,
                "As many requests are being handled as can be.",
            )
            .into_response();
        };
        let handled = AssertUnwindSafe(next.run(request)).catch_unwind();
        match tokio::time::timeout(limits.timeout, handled).await {
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => Problem::internal(format!("panic: {}", panic_text(&*panic))).into_response(),
            Err(_) => {
                let seconds = limits.timeout.as_secs_f64();
                Problem::new(&codes::TIMED_OUT, format!("No answer within {seconds} s.")).into_response()
            }
        }
    }
}

/// Counts a request for as long as it is handled, also when the client goes away and the future is dropped.
struct InFlight<'a>(&'a ServiceMetrics);

impl<'a> InFlight<'a> {
    fn new(metrics: &'a ServiceMetrics) -> Self {
        metrics.request_began();
        Self(metrics)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.request_ended();
    }
}

/// The middleware.
pub(crate) async fn handle(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _in_flight = InFlight::new(&edge.metrics);
    let client = client(&request, edge.limits.proxies);
    let mut context = RequestContext::accept(request.headers(), client);
    let parent = parent(request.headers());
    let method = method_label(request.method());
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = span(method, route.as_ref(), &mut context, parent.as_ref());
    request.extensions_mut().insert(context.clone());
    let (request, leftover) = Leftover::watch(request);
    let mut response = edge.answer(client, request, next).instrument(span.clone()).await;
    finish(&mut response, &context);
    if !leftover.taken_in().await {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }

    let took = started.elapsed();
    let status = response.status().as_u16();
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    edge.metrics.request(method, route, status, took);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let client = client.map(field::display);
    span.in_scope(|| {
        if status >= 500 {
            tracing::warn!(target: "access", method, path, route, status, micros, client, "{method} {path} {status}");
        } else {
            tracing::info!(target: "access", method, path, route, status, micros, client, "{method} {path} {status}");
        }
    });
    // After the access log, which shows it already.
    span.record("http.response.status_code", status);
    response
}

/// The request's span. Where spans are exported it is the request's place in its trace, so that commands and
/// events hang below it.
fn span(
    method: &'static str,
    route: Option<&MatchedPath>,
    context: &mut RequestContext,
    parent: Option<&TraceContext>,
) -> tracing::Span {
    let span = tracing::info_span!(
        "request",
        request_id = %context.id,
        trace_id = field::Empty,
        otel.name = field::Empty,
        otel.kind = field::Empty,
        http.response.status_code = field::Empty,
    );
    if interstate_telemetry::exports_spans() {
        let route = route.map_or(UNMATCHED, MatchedPath::as_str);
        span.record("otel.name", format!("{method} {route}"));
        span.record("otel.kind", "server");
        if let Some(parent) = parent {
            interstate_telemetry::continue_trace(&span, parent);
        }
        context.trace = interstate_telemetry::trace_of(&span).unwrap_or(context.trace);
    }
    span.record("trace_id", context.trace.trace_hex());
    span
}

/// Whose share a request counts for: an IPv6 client has a network of 64 bits to itself.
fn share(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

fn parent(headers: &HeaderMap) -> Option<TraceContext> {
    headers.get(TraceContext::HEADER)?.to_str().ok()?.parse().ok()
}

/// The address that the nearest proxy of ours saw, or the connection's where there is no proxy.
fn client(request: &Request, proxies: usize) -> Option<IpAddr> {
    let peer = request.extensions().get::<Client>().map(|client| client.0);
    if proxies == 0 {
        return peer;
    }
    let values = request.headers().get_all("x-forwarded-for").iter();
    let entries: Vec<_> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .collect();
    let entry = entries.len().checked_sub(proxies).and_then(|at| entries.get(at));
    entry.and_then(|text| text.trim().parse().ok()).or(peer)
}

/// Headers of every answer; and every error is a problem that names the request.
fn finish(response: &mut Response, context: &RequestContext) {
    if let Some(problem) = response
        .extensions_mut()
        .remove::<Problem>()
        .or_else(|| foreign_error(response))
    {
        let code = problem.status();
        let body = problem
            .instance(format!("urn:interstate:request:{}", context.id))
            .to_json();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.body_mut() = Body::from(body);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(context.id.as_str()) {
        headers.insert(RequestId::HEADER, id);
    }
    if let Ok(trace) = HeaderValue::from_str(&context.trace.to_string()) {
        headers.insert(TraceContext::HEADER, trace);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // Answers are somebody's own; a route that may be cached says so itself.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// An error that the framework made as plain text or without a body: a 405, an extractor that is not ours.
fn foreign_error(response: &Response) -> Option<Problem> {
    let status = response.status();
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    let plain = content_type.is_none_or(|value| value.starts_with(b"text/plain"));
    if !plain || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let code = match status {
        StatusCode::NOT_FOUND => &codes::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => &codes::METHOD_NOT_ALLOWED,
        StatusCode::PAYLOAD_TOO_LARGE => &codes::BODY_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &codes::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::SERVICE_UNAVAILABLE => &codes::UNAVAILABLE,
        status if status.is_client_error() => &codes::BAD_REQUEST,
        _ => &codes::INTERNAL,
    };
    Some(Problem::new(code, format!("{}.", code.title)))
}

/// Labels are bounded: a method that nobody serves must not make a new one.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(Client([10, 0, 0, 1].into()));
        request.headers_mut().insert(
            "x-forwarded-for",
            HeaderValue::from_static("6.6.6.6, 1.2.3.4, 10.0.0.2"),
        );
        assert_eq!(client(&request, 0), Some([10, 0, 0, 1].into()));
        assert_eq!(client(&request, 1), Some([10, 0, 0, 2].into()));
        assert_eq!(client(&request, 2), Some([1, 2, 3, 4].into()));
        assert_eq!(
            client(&request, 9),
            Some([10, 0, 0, 1].into()),
            "fewer entries than proxies"
        );
    }
}
