//! How requests reach a bucket's server: over hyper and rustls, with no client library more than the adapters of other
//! engines bring.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, Error as Failed, connect::HttpConnector as Tcp},
    rt::{TokioExecutor, TokioTimer},
};
use interstate_tls::AuthorityError;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use rustls::ClientConfig;
use std::{fmt, future::Future, path::Path, time::Duration};

/// How long a connection may take.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take to begin: a part of a few megabytes is sent before.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// How long an answer may take to go on.
const GOES_ON_WITHIN: Duration = Duration::from_secs(10);
/// Connections that nobody needs are closed after this long: servers close theirs, and a request that meets one that is
/// being closed fails.
const IDLE: Duration = Duration::from_secs(20);

/// Makes clients that trust an authority of one's own, or those that everybody knows.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: ClientConfig,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    pub(crate) fn new(ca: Option<&Path>) -> Result<Self, AuthorityError> {
        Ok(Self {
            tls: interstate_tls::trusting(ca)?,
        })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = Tcp::new();
        tcp.set_connect_timeout(Some(CONNECTED_WITHIN));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        // Where the server's address begins with http:// its operator wants it so: a role's credentials are asked for
        // at an address of the machine itself.
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(https);
        Ok(HttpClient::new(Requests(client)))
    }
}

struct Requests(Client<HttpsConnector<Tcp>, HttpRequestBody>);

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

#[async_trait]
impl HttpService for Requests {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = within(ANSWERED_WITHIN, self.0.request(request)).await?;
        let (head, body) = answer.map_err(failed)?.into_parts();
        let body = HttpResponseBody::new(StreamBody::new(bounded(body)));
        Ok(HttpResponse::from_parts(head, body))
    }
}

/// The body, as long as it goes on.
fn bounded(body: Incoming) -> impl Stream<Item = Result<Frame<Bytes>, HttpError>> {
    stream::try_unfold(body, |mut body| async move {
        match within(GOES_ON_WITHIN, body.frame()).await? {
            Some(Ok(frame)) => Ok(Some((frame, body))),
            Some(Err(error)) => Err(HttpError::new(HttpErrorKind::Interrupted, error)),
            None => Ok(None),
        }
    })
}

async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Result<T, HttpError> {
    tokio::time::timeout(patience, work)
        .await
        .map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))
}

/// What may have reached the server is repeated only where that changes nothing.
fn failed(error: Failed) -> HttpError {
    let kind = match error.is_connect() {
        true => HttpErrorKind::Connect,
        false => HttpErrorKind::Interrupted,
    };
    HttpError::new(kind, error)
}
