//! What every question passes through: who may ask, how many at a time, how long, its trace, its figures.
//!
//! One service around the routes, as the HTTP edge is one middleware: it reads from top to bottom.

use super::{Caller, ServerOptions, methods::Methods};
use crate::{CallPolicy, GrpcMetrics, timeout};
use futures::future::BoxFuture;
use http::{Request, Response};
use interstate_telemetry::TraceContext;
use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tonic::{Code, Status, body::Body};
use tower::Service;
use tracing::{Instrument, field};

/// The server answers so much before the caller stops waiting, so that it is still heard.
const BEFORE: Duration = Duration::from_millis(2);

#[derive(Clone)]
pub(super) struct Edge(Arc<Limits>);

struct Limits {
    service: &'static str,
    methods: Methods,
    policy: CallPolicy,
    in_flight: Semaphore,
    deadline: Duration,
    metrics: GrpcMetrics,
}

impl Edge {
    pub(super) fn new(
        service: &'static str,
        methods: Methods,
        policy: CallPolicy,
        options: &ServerOptions,
        metrics: GrpcMetrics,
    ) -> Self {
        Self(Arc::new(Limits {
            service,
            methods,
            policy,
            in_flight: Semaphore::new(options.in_flight),
            deadline: options.deadline,
            metrics,
        }))
    }

    pub(super) fn around<S>(&self, inner: S) -> Around<S> {
        Around {
            edge: self.clone(),
            inner,
        }
    }

    /// The answer, within the limits.
    async fn answer<F, E>(&self, request: &Asked, answering: F) -> Result<Response<Body>, Status>
    where
        F: Future<Output = Result<Response<Body>, E>>,
    {
        let limits = &*self.0;
        if let Some(identity) = request
            .caller
            .as_ref()
            .and_then(|caller| caller.identity.as_ref())
            && !limits.policy.admits(identity, &request.path)
        {
            tracing::warn!(%identity, path = request.path, "a question was refused by the table of who may ask what");
            let why = format!("{identity} may not ask {}", request.path);
            return Err(Status::permission_denied(why));
        }
        let Ok(_place) = limits.in_flight.try_acquire() else {
            return Err(Status::unavailable(
                "too many questions at a time; ask another instance",
            ));
        };
        let told = request.told.map(|told| told.saturating_sub(BEFORE));
        let wait = told.unwrap_or(limits.deadline).min(limits.deadline);
        match tokio::time::timeout(wait, answering).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(Status::internal("the question could not be answered")),
            Err(_) => Err(Status::deadline_exceeded(format!(
                "no answer within {} ms",
                wait.as_millis()
            ))),
        }
    }

    fn tell(&self, path: &str, response: &Response<Body>, took: Duration) {
        // An answer that is only an error says its code in its head; any other ends well or is cut.
        let code = response.headers().get("grpc-status");
        let code = code.map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
        let limits = &*self.0;
        limits
            .metrics
            .answered(limits.service, limits.methods.label(path), code, took);
        tracing::debug!(target: "access", path, code = ?code, micros = took.as_micros() as u64, "{path} {code:?}");
    }
}

/// What is kept of a question while it is answered.
struct Asked {
    path: String,
    told: Option<Duration>,
    caller: Option<Caller>,
}

#[derive(Clone)]
pub(super) struct Around<S> {
    edge: Edge,
    inner: S,
}

impl<S> Service<Request<Body>> for Around<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Future: Send + 'static> + Clone + Send + 'static,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The routes are always ready; how many questions are answered at a time is decided below.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (edge, mut inner) = (self.edge.clone(), self.inner.clone());
        Box::pin(async move {
            let started = Instant::now();
            let asked = Asked {
                path: request.uri().path().to_owned(),
                told: timeout::told(request.headers()),
                caller: request.extensions().get::<Caller>().cloned(),
            };
            let span = span(edge.0.service, &asked.path, &request);
            let answering = async {
                std::future::poll_fn(|context| inner.poll_ready(context)).await?;
                inner.call(request).await
            };
            let answered = edge.answer(&asked, answering).instrument(span.clone()).await;
            let response = answered.unwrap_or_else(|status| status.into_http());
            span.in_scope(|| edge.tell(&asked.path, &response, started.elapsed()));
            Ok(response)
        })
    }
}

/// The question's span, a child of the caller's.
fn span(service: &'static str, path: &str, request: &Request<Body>) -> tracing::Span {
    let parent: Option<TraceContext> = request
        .headers()
        .get(TraceContext::HEADER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let span = tracing::info_span!(
        "question",
        service,
        trace_id = field::Empty,
        otel.name = path,
        otel.kind = "server",
        rpc.system = "grpc"
    );
    if let Some(parent) = parent {
        interstate_telemetry::continue_trace(&span, &parent);
        span.record("trace_id", parent.trace_hex());
    }
    span
}
