//! The side that answers.

mod connections;
mod edge;
mod health;
mod methods;

pub use connections::Caller;

use crate::{CallPolicy, GrpcMetrics, Tls};
use edge::Edge;
use interstate_http::{Readiness, ServeError, Shutdown};
use methods::Methods;
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tonic::{service::Routes, transport::server::Server as Transport};

/// The limits of a server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Connections at a time; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Questions on one connection at a time; the caller keeps further ones back.
    pub streams: u32,
    /// Questions that are answered at a time; the next one is refused with `UNAVAILABLE`, and goes elsewhere.
    pub in_flight: usize,
    /// The longest that a question may take, and how long it may where the caller does not say.
    pub deadline: Duration,
    /// How long a caller may take to show its certificate.
    pub handshake: Duration,
    /// A connection is made anew after this long, so that a new instance gets its share and a certificate that
    /// ran out is noticed.
    pub connection_age: Duration,
    /// How long a stop waits for questions that are being answered.
    pub drain: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            connections: 1_024,
            streams: 256,
            in_flight: 512,
            deadline: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            connection_age: Duration::from_secs(600),
            drain: Duration::from_secs(10),
        }
    }
}

/// What a service answers.
pub struct Questions {
    /// Whose figures these are, in lower case.
    pub service: &'static str,
    /// The generated servers.
    pub routes: Routes,
    /// Their full names, as health and reflection know them: `interstate.location.v1.Location`.
    pub names: &'static [&'static str],
    /// The files' descriptors, for reflection.
    pub descriptors: &'static [u8],
    /// Who may ask what.
    pub policy: CallPolicy,
    /// Whether it can answer; its health follows.
    pub readiness: Readiness,
}

/// A server that listens already, so that its port is known before it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    options: ServerOptions,
    tls: Option<Tls>,
}

impl Server {
    /// Listens; port 0 takes a free one. With `tls` both sides show certificates.
    pub async fn bind(
        address: SocketAddr,
        options: ServerOptions,
        tls: Option<Tls>,
    ) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            options,
            tls,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown`, then finishes what it holds. Returns whether everything was answered in the time
    /// that a stop has.
    pub async fn serve(self, questions: Questions, metrics: GrpcMetrics, shutdown: Shutdown) -> bool {
        let Self {
            listener,
            options,
            tls,
            ..
        } = self;
        let (reporter, health) = tonic_health::server::health_reporter();
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(questions.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .expect("the descriptors were made by the compiler of the files");
        let following = tokio::spawn(health::follow(
            reporter,
            questions.names,
            questions.readiness,
            shutdown.clone(),
        ));
        let methods = Methods::of(questions.names, questions.descriptors)
            .expect("the descriptors were made by the compiler of the files");
        let edge = Edge::new(questions.service, methods, questions.policy, &options, metrics);
        let routes = questions.routes.add_service(health).add_service(reflection);
        let incoming = connections::accept(listener, &options, tls, shutdown.clone());
        let serving = Transport::builder()
            .max_concurrent_streams(options.streams)
            .max_connection_age(options.connection_age)
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_max_header_list_size(16 * 1024)
            .layer(tower::layer::layer_fn(move |inner| edge.around(inner)))
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
        let drained = async {
            shutdown.cancelled().await;
            tokio::time::sleep(options.drain).await;
        };
        let finished = tokio::select! {
            served = serving => {
                if let Err(error) = served {
                    tracing::error!(error = crate::chain(&error), "the gRPC server ended");
                }
                true
            }
            () = drained => false,
        };
        following.abort();
        finished
    }
}
