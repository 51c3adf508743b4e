//! One way to one instance, for one question: it says how long the caller waits, and to which trace it belongs, and
//! learns what came of it.

use super::{
    instance::{Instance, UnderWay},
    may_help,
};
use crate::timeout;
use http::{HeaderValue, Request, Response, StatusCode};
use interstate_telemetry::TraceContext;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{runtime::Handle, time::Instant};
use tonic::{Status, body::Body, transport::Channel};
use tower::Service;

type Channels = <Channel as Service<Request<Body>>>::Future;
type Answered = Result<Response<Body>, tonic::transport::Error>;

/// What a generated client is made of: `LocationClient::new(attempt)`.
#[derive(Debug, Clone)]
pub struct Attempt {
    instance: Arc<Instance>,
    channel: Channel,
    until: Instant,
    trace: TraceContext,
}

impl Attempt {
    /// Of which an answer is expected until then.
    pub(super) fn new(instance: Arc<Instance>, until: Instant, trace: TraceContext) -> Self {
        Self {
            channel: instance.channel(),
            instance,
            until,
            trace,
        }
    }
}

impl Service<Request<Body>> for Attempt {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request<Body>>::poll_ready(&mut self.channel, context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Answering {
        let headers = request.headers_mut();
        headers.insert(timeout::HEADER, timeout::header(left(self.until)));
        if let Ok(trace) = HeaderValue::from_str(&self.trace.to_string()) {
            headers.insert(TraceContext::HEADER, trace);
        }
        Answering {
            until: self.until,
            waiting: Some((self.instance.under_way(), self.channel.call(request))),
        }
    }
}

/// Until an instance answers. It is told how that ended as soon as the head of the answer is there: our servers write
/// it when they know the answer, and an error stands in it.
pub struct Answering {
    until: Instant,
    waiting: Option<(UnderWay, Channels)>,
}

impl Future for Answering {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answered> {
        let (_, channels) = self.waiting.as_mut().expect("nobody asks it after it has ended");
        let answered = ready!(Pin::new(channels).poll(context));
        if let Some((under_way, _)) = self.waiting.take() {
            under_way.ended(failure(&answered));
        }
        Poll::Ready(answered)
    }
}

/// A question that was given up, because a hedge won or nobody waits any more, is followed until its time is up. An
/// instance that is frozen would never be found out otherwise: a hedge wins after little more than the usual time,
/// which says nothing of it. To count that as a failure would shut out one that is only slow; what comes of the
/// question tells them apart. It costs the slow one an answer that nobody reads, and hedges have a budget.
impl Drop for Answering {
    fn drop(&mut self) {
        let Some((under_way, channels)) = self.waiting.take() else {
            return;
        };
        let left = left(self.until);
        let silent = || Some("no answer in time".to_owned());
        if left.is_zero() {
            under_way.ended(silent());
        } else if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let ended = tokio::time::timeout(left, channels).await;
                under_way.ended(ended.map_or_else(|_| silent(), |answered| failure(&answered)));
            });
        }
    }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

/// Why this says that the instance is not there, if it does. That it refuses a question is an answer.
fn failure(answered: &Answered) -> Option<String> {
    match answered {
        Err(error) => Some(crate::chain(error)),
        Ok(response) if response.status() != StatusCode::OK => Some(format!("HTTP {}", response.status())),
        Ok(response) => Status::from_header_map(response.headers())
            .filter(may_help)
            .map(|status| status.message().to_owned()),
    }
}
