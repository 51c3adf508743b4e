//! How requests reach a bucket's server: over hyper and rustls, with no client library more than the adapters of other
//! engines bring.

use crate::BucketError;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, Error as Failed, connect::HttpConnector as Tcp},
    rt::{TokioExecutor, TokioTimer},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{fmt, future::Future, path::Path, sync::Arc, time::Duration};

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
    pub(crate) fn new(ca: Option<&Path>) -> Result<Self, BucketError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3");
        let builder = match ca {
            Some(file) => builder.with_root_certificates(authorities(file)?),
            None => builder.with_webpki_roots(),
        };
        Ok(Self {
            tls: builder.with_no_client_auth(),
        })
    }
}

fn authorities(file: &Path) -> Result<RootCertStore, BucketError> {
    let wrong = |why: String| BucketError::Authority {
        file: file.to_owned(),
        why,
    };
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it has no certificate".to_owned()));
    }
    Ok(roots)
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
