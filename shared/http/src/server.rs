//! The HTTP/1.1 server: limits on connections and heads, and a stop that finishes what it holds.

use crate::{Client, Shutdown};
use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// The limits of a server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Connections at a time; further ones wait in the kernel's queue.
    pub connections: usize,
    /// How long a client may take to send a request's head. Also ends idle connections.
    pub head_timeout: Duration,
    /// The largest head in bytes, at least 8,192.
    pub head_bytes: usize,
    /// The largest number of headers.
    pub headers: usize,
    /// How long a stop waits for requests that are being handled.
    pub drain: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            connections: 4_096,
            head_timeout: Duration::from_secs(30),
            head_bytes: 16 * 1024,
            headers: 64,
            drain: Duration::from_secs(20),
        }
    }
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A server that listens already, so that its port is known before it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    options: ServerOptions,
}

impl Server {
    /// Listens; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, options: ServerOptions) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            options,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then finishes what it holds. Returns how many connections were still busy when
    /// the time to drain was over; they are cut when the process ends.
    pub async fn serve(self, router: Router, shutdown: Shutdown) -> usize {
        let slots = Arc::new(Semaphore::new(self.options.connections));
        let graceful = GracefulShutdown::new();
        loop {
            let permit = tokio::select! {
                () = shutdown.cancelled() => break,
                permit = slots.clone().acquire_owned() => permit.expect("the semaphore is never closed"),
            };
            let (stream, peer) = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, or a client that left already: neither ends the server.
                        tracing::warn!(%error, address = %self.address, "a connection was not accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let connection = self.connection(stream, peer, &router);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // A client that breaks its connection off is no event of ours.
                let _ = connection.await;
                drop(permit);
            });
        }
        drop(self.listener);
        tokio::select! {
            () = graceful.shutdown() => 0,
            () = tokio::time::sleep(self.options.drain) => {
                self.options.connections.saturating_sub(slots.available_permits())
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        router: &Router,
    ) -> hyper::server::conn::http1::Connection<
        TokioIo<TcpStream>,
        impl hyper::service::HttpService<
            Incoming,
            ResBody = Body,
            Error: Into<Box<dyn std::error::Error + Send + Sync>>,
            Future: Send,
        > + Send
        + use<>,
    > {
        // Answers are small: waiting to fill a segment costs 40 ms against a client that delays its ACKs.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Client(peer.ip().to_canonical()));
            hyper::service::Service::call(&service, request)
        });
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.head_timeout)
            .max_buf_size(self.options.head_bytes.max(8_192))
            .max_headers(self.options.headers)
            .serve_connection(TokioIo::new(stream), service)
    }
}

/// Returns when the process is asked to stop: SIGINT (ctrl-c) or SIGTERM. Then cancel the [`Shutdown`].
pub async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler for signals, being killed is the only way to stop.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
