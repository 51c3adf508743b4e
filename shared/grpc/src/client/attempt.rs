//! One way to one instance, for one question: it says how long the caller waits, and to which trace it belongs.

use crate::timeout;
use http::{HeaderValue, Request, Response};
use interstate_telemetry::TraceContext;
use std::{
    task::{Context, Poll},
    time::Duration,
};
use tonic::{body::Body, transport::Channel};
use tower::Service;

/// What a generated client is made of: `LocationClient::new(attempt)`.
#[derive(Debug, Clone)]
pub struct Attempt {
    channel: Channel,
    wait: Duration,
    trace: TraceContext,
}

impl Attempt {
    pub(super) fn new(channel: Channel, wait: Duration, trace: TraceContext) -> Self {
        Self { channel, wait, trace }
    }
}

impl Service<Request<Body>> for Attempt {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = <Channel as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request<Body>>::poll_ready(&mut self.channel, context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let headers = request.headers_mut();
        headers.insert(timeout::HEADER, timeout::header(self.wait));
        if let Ok(trace) = HeaderValue::from_str(&self.trace.to_string()) {
            headers.insert(TraceContext::HEADER, trace);
        }
        self.channel.call(request)
    }
}
