//! Connections to one address, made when they are needed and made again when they break.

use super::{ClientOptions, instance::Instance};
use crate::{GrpcMetrics, Tls};
use http::Uri;
use hyper_util::rt::TokioIo;
use interstate_telemetry::Breaker;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// Whether the other side still answers is asked this often while somebody waits.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// And how long its answer may take.
const ALIVE_WITHIN: Duration = Duration::from_secs(3);

/// What it takes to reach the instances of the service `target`.
pub(super) struct Reach {
    pub(super) caller: String,
    pub(super) target: &'static str,
    pub(super) options: ClientOptions,
    pub(super) tls: Option<Tls>,
    pub(super) metrics: GrpcMetrics,
}

impl Reach {
    /// The instance at `address`, which the settings give as `given`, `host:port`.
    pub(super) fn instance(&self, given: &str, address: SocketAddr) -> Arc<Instance> {
        let breaker = Breaker::new(self.options.failures, self.options.rest);
        let figure = self.metrics.breaker(&self.caller, self.target, address);
        Arc::new(Instance::new(
            address,
            self.channel(given, address),
            breaker,
            figure,
        ))
    }

    /// Nobody is there any more.
    pub(super) fn gone(&self, address: SocketAddr) {
        self.metrics.forget_breaker(&self.caller, self.target, address);
    }

    /// The other side is called what the settings call it; its certificate is that of the service, at any address.
    fn channel(&self, given: &str, address: SocketAddr) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{given}"))
            .unwrap_or_else(|_| Endpoint::from_static("http://address.invalid:1"))
            .connect_timeout(self.options.connect)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(ALIVE_WITHIN);
        let (target, tls) = (self.target, self.tls.clone());
        endpoint.connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
            let tls = tls.clone();
            async move {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let connection = match tls {
                    None => Connection::Plain(stream),
                    Some(tls) => Connection::Tls(Box::new(tls.connect(target, stream).await?)),
                };
                Ok::<_, io::Error>(TokioIo::new(connection))
            }
        }))
    }
}

enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
