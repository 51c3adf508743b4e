//! The ports of a process: one that serves everything, and one for each service.

use super::{Base, STREAMS, StartError};
use axum::Router;
use interstate_config::Common;
use interstate_http::{Api, EdgeOptions, Server, ServerOptions, assemble};
use std::net::SocketAddr;
use tokio::task::JoinHandle;

/// The port of everything, where none is given.
pub const MAIN: u16 = 8000;
/// The services' own ports, counted from the main one.
const OFFSETS: [(&str, u16); 6] = [
    ("user", 1),
    ("booking", 2),
    ("location", 3),
    ("driver", 4),
    ("payment", 5),
    ("analytics", 8),
];

/// Listening sockets with what they serve.
pub struct Edges {
    main: SocketAddr,
    services: Vec<(String, SocketAddr)>,
    serving: Vec<JoinHandle<usize>>,
}

/// The port of a service where none is given.
pub fn usual_port(service: &str) -> u16 {
    let own = OFFSETS.iter().find(|(name, _)| *name == service);
    MAIN + own.map_or(0, |(_, offset)| *offset)
}

/// The port that a service has for itself: beside the others' or, alone in its process, the process's.
pub fn port(common: &Common, service: &str, alone: bool) -> u16 {
    let usual = usual_port(service);
    match common.port {
        None => usual,
        Some(0) => 0,
        Some(given) if alone => given,
        Some(given) => given.saturating_add(usual - MAIN),
    }
}

/// The port that serves everything; of one service that is `alone`, its own.
fn main_port(common: &Common, first: Option<&str>, alone: bool) -> u16 {
    match first {
        Some(service) if alone => port(common, service, alone),
        _ => common.port.unwrap_or(MAIN),
    }
}

/// Where a process answers HTTP that hosts these services.
pub fn addresses(common: &Common, services: &[&str], alone: bool) -> Vec<SocketAddr> {
    let main = main_port(common, services.first().copied(), alone);
    let own = services.iter().filter(|_| !alone);
    let own = own.map(|service| port(common, service, alone));
    let all = std::iter::once(main).chain(own);
    all.map(|port| SocketAddr::new(common.bind, port)).collect()
}

impl Edges {
    /// Listens on all ports, and serves. Port 0 takes free ones. A service that is `alone` has one port for
    /// everything.
    pub async fn open(
        base: &Base,
        common: &Common,
        apis: Vec<Api>,
        door: Router,
        alone: bool,
    ) -> Result<Self, StartError> {
        let options = EdgeOptions {
            per_address: common.rate_per_address.map(super::rate),
            proxies: common.proxies.into(),
            live: base.live.clone(),
            ..EdgeOptions::default()
        };
        // Each stream has a connection: however many there are, requests still get theirs.
        let requests = ServerOptions::default().connections;
        let limits = ServerOptions {
            connections: requests + STREAMS,
            ..ServerOptions::default()
        };
        let mut serving = Vec::new();
        let main_port = main_port(common, apis.first().map(Api::name), alone);
        let main = Server::bind(SocketAddr::new(common.bind, main_port), limits.clone()).await?;
        let address = main.address();
        let name = common.service_name.as_deref().unwrap_or("interstate");
        let router = assemble(name, &apis, &options, &base.metrics).merge(door);
        serving.push(tokio::spawn(main.serve(router, base.shutdown.clone())));
        let mut services = Vec::new();
        for api in apis {
            if alone {
                services.push((api.name().to_owned(), address));
                continue;
            }
            let port = port(common, api.name(), alone);
            let server = Server::bind(SocketAddr::new(common.bind, port), limits.clone()).await?;
            services.push((api.name().to_owned(), server.address()));
            let router = assemble(api.name(), std::slice::from_ref(&api), &options, &base.metrics);
            serving.push(tokio::spawn(server.serve(router, base.shutdown.clone())));
        }
        Ok(Self {
            main: address,
            services,
            serving,
        })
    }

    pub fn main(&self) -> SocketAddr {
        self.main
    }

    pub fn services(&self) -> &[(String, SocketAddr)] {
        &self.services
    }

    /// Returns when every request that was under way is answered.
    pub async fn closed(self) {
        for server in self.serving {
            if let Ok(cut @ 1..) = server.await {
                tracing::warn!(cut, "connections were cut at the end");
            }
        }
    }
}
