//! Questions between services: answered in this process where it has the service that is asked, over gRPC otherwise.

use super::{Base, StartError, edges};
use interstate_config::{BOOKING_GRPC, Broker, Common, Grpc, LOCATION_GRPC, Setting};
use interstate_grpc::{
    CallPolicy, CallRow, Client, ClientOptions, GrpcMetrics, Questions, Server, ServerOptions, Tls, TlsError,
};
use interstate_http::Readiness;
use interstate_proto::DESCRIPTORS;
use interstate_schemas::Timestamp;
use rustls::pki_types::UnixTime;
use std::{net::SocketAddr, time::Duration};
use tokio::task::JoinHandle;
use tonic::service::Routes;

/// Which service asks which.
const ASKS: [(&str, &str); 3] = [
    ("booking", "location"),
    ("driver", "location"),
    ("location", "booking"),
];
/// Those who are asked, and listen on a port for it.
pub const ANSWERS: [&str; 2] = ["booking", "location"];
/// The port of a service's questions, counted from its port of HTTP.
const OFFSET: u16 = 1_000;
/// Between two looks at the certificates.
const CERTIFICATES: Duration = Duration::from_secs(10);

/// A service that nobody answers here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered {
    /// Who asks.
    pub service: &'static str,
    /// Who would answer.
    pub asks: &'static str,
    /// The setting that says where that one is.
    pub setting: Setting,
}

impl Unanswered {
    /// The setting as a person may write it.
    pub fn example(&self) -> String {
        let port = edges::usual_port(self.asks) + OFFSET;
        format!("{}=127.0.0.1:{port}", self.setting.env)
    }
}

/// What these services would ask that is neither in their process nor addressed.
pub fn unanswered(hosted: &[&str], grpc: &Grpc) -> Vec<Unanswered> {
    let missing = |(service, asks): &(&str, &str)| {
        hosted.contains(service) && !hosted.contains(asks) && addresses(grpc, asks).is_empty()
    };
    let named = |(service, asks)| Unanswered {
        service,
        asks,
        setting: if asks == "location" {
            LOCATION_GRPC
        } else {
            BOOKING_GRPC
        },
    };
    ASKS.into_iter().filter(|pair| missing(pair)).map(named).collect()
}

fn addresses<'a>(grpc: &'a Grpc, service: &str) -> &'a [Broker] {
    match service {
        "location" => &grpc.location,
        "booking" => &grpc.booking,
        _ => &[],
    }
}

/// The certificates, if there are any: what others would refuse at this moment is an error.
pub fn certificates(grpc: &Grpc, now: Timestamp) -> Result<Option<Tls>, TlsError> {
    let load = |settings| Tls::load(settings, unix(now));
    grpc.tls.as_ref().map(load).transpose()
}

fn unix(now: Timestamp) -> UnixTime {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// The way to services in other processes, and of theirs to us.
pub struct Others {
    grpc: Grpc,
    tls: Option<Tls>,
    metrics: GrpcMetrics,
    serving: Vec<JoinHandle<bool>>,
    addresses: Vec<(&'static str, SocketAddr)>,
}

impl Others {
    /// Reads the certificates, if there are any, and keeps them up to date.
    pub fn new(base: &Base, common: &Common) -> Result<Self, StartError> {
        let clock = base.wall_clock();
        let tls = certificates(&common.grpc, clock())?;
        if let Some(tls) = tls.clone() {
            base.spawn(tls.follow(CERTIFICATES, move || unix(clock())));
        }
        Ok(Self {
            grpc: common.grpc.clone(),
            tls,
            metrics: GrpcMetrics::new(&base.metrics),
            serving: Vec::new(),
            addresses: Vec::new(),
        })
    }

    /// For questions of one service to another that is elsewhere.
    pub fn client(&self, caller: &str, target: &'static str) -> Client {
        let addresses: Vec<String> = addresses(&self.grpc, target)
            .iter()
            .map(ToString::to_string)
            .collect();
        Client::new(
            caller,
            target,
            &addresses,
            ClientOptions::default(),
            self.tls.clone(),
            self.metrics.clone(),
        )
    }

    /// Answers other processes on the port beside the service's own.
    pub async fn answer(
        &mut self,
        base: &Base,
        address: SocketAddr,
        asked: Asked,
        readiness: &Readiness,
    ) -> Result<(), StartError> {
        let server = Server::bind(address, ServerOptions::default(), self.tls.clone()).await?;
        self.addresses.push((asked.service, server.address()));
        let questions = Questions {
            service: asked.service,
            routes: asked.routes,
            names: asked.names,
            descriptors: DESCRIPTORS,
            policy: CallPolicy::new(asked.callers),
            readiness: readiness.clone(),
        };
        let serving = server.serve(questions, self.metrics.clone(), base.shutdown.clone());
        self.serving.push(tokio::spawn(serving));
        Ok(())
    }

    /// Where the services of this process are asked.
    pub fn addresses(&self) -> &[(&'static str, SocketAddr)] {
        &self.addresses
    }

    /// Returns when every question that was under way is answered.
    pub async fn closed(self) {
        for server in self.serving {
            if !server.await.unwrap_or(false) {
                tracing::warn!("questions of other services were cut at the end");
            }
        }
    }
}

/// What a service is asked by others.
pub struct Asked {
    /// Which service.
    pub service: &'static str,
    /// Its servers.
    pub routes: Routes,
    /// Their full names.
    pub names: &'static [&'static str],
    /// Who may ask what.
    pub callers: &'static [CallRow],
}

/// Where a service is asked; a free port where its own is one.
pub fn address(common: &Common, service: &str, alone: bool) -> SocketAddr {
    let port = match edges::port(common, service, alone) {
        0 => 0,
        port => port.saturating_add(OFFSET),
    };
    SocketAddr::new(common.bind, port)
}

impl From<TlsError> for StartError {
    fn from(error: TlsError) -> Self {
        Self::Certificate(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_needs_an_answer_here_or_elsewhere() {
        let nowhere = Grpc::default();
        let missing = unanswered(&["booking"], &nowhere);
        assert_eq!(
            missing,
            [Unanswered {
                service: "booking",
                asks: "location",
                setting: LOCATION_GRPC
            }]
        );
        assert!(unanswered(&["booking", "location", "driver"], &nowhere).is_empty());
        assert!(unanswered(&["user", "payment"], &nowhere).is_empty());
        assert!(ASKS.iter().all(|(_, asks)| ANSWERS.contains(asks)));
        assert_eq!(
            unanswered(&["location", "driver"], &nowhere)[0].setting,
            BOOKING_GRPC
        );
        let elsewhere = Grpc {
            location: vec![Broker {
                host: "location".to_owned(),
                port: 9003,
            }],
            ..Grpc::default()
        };
        assert!(unanswered(&["booking", "driver"], &elsewhere).is_empty());
    }
}
