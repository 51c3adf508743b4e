//! Instances of a service that answers as it is told.

use interstate_config::{Broker, GrpcTls};
use interstate_grpc::{
    Asking, CallPolicy, Client, ClientOptions, GrpcMetrics, Questions, Server, ServerOptions, Tls,
};
use interstate_http::{Readiness, Shutdown};
use interstate_proto::{
    DESCRIPTORS, MESSAGE_BYTES,
    booking::{
        AssignedTrip, AssignedTripAnswer, AssignedTripRequest,
        booking_client::BookingClient,
        booking_server::{self, BookingServer},
    },
};
use interstate_telemetry::Metrics;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status, service::Routes};

/// Longer than anything here takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);
pub const QUESTION: Asking = Asking::of("AssignedTrip");
pub const CALLERS: &[(&str, &str)] = &[("location", "interstate.booking.v1.Booking/AssignedTrip")];

/// How an instance answers.
#[derive(Clone, Default)]
pub struct Manner {
    /// So long it takes; by the number of the question, beginning with 0.
    pub takes: Option<fn(usize) -> Duration>,
    /// What it says instead of an answer.
    pub refuses: Option<fn(usize) -> Option<Status>>,
    /// Names as long as this.
    pub long: usize,
}

struct Answers {
    manner: Manner,
    asked: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl booking_server::Booking for Answers {
    async fn assigned_trip(
        &self,
        request: Request<AssignedTripRequest>,
    ) -> Result<Response<AssignedTripAnswer>, Status> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let traces = request.metadata().get("traceparent");
        if let Some(trace) = traces.and_then(|trace| trace.to_str().ok()) {
            self.heard.lock().unwrap().push(trace.to_owned());
        }
        if let Some(takes) = self.manner.takes {
            tokio::time::sleep(takes(number)).await;
        }
        if let Some(status) = self.manner.refuses.and_then(|refuses| refuses(number)) {
            return Err(status);
        }
        let trip = AssignedTrip {
            rider: "r".repeat(self.manner.long),
            ..AssignedTrip::default()
        };
        Ok(Response::new(AssignedTripAnswer { trip: Some(trip) }))
    }
}

/// One instance, which ends with the test.
pub struct Instance {
    pub address: SocketAddr,
    pub readiness: Readiness,
    pub metrics: Metrics,
    asked: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
    stop: Shutdown,
    serving: JoinHandle<bool>,
}

impl Instance {
    pub async fn start(manner: Manner) -> Self {
        Self::with(manner, ServerOptions::default(), None, None).await
    }

    pub async fn with(
        manner: Manner,
        options: ServerOptions,
        tls: Option<Tls>,
        address: Option<SocketAddr>,
    ) -> Self {
        let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let server = Server::bind(address, options, tls).await.unwrap();
        let (asked, heard) = (
            Arc::<AtomicUsize>::default(),
            Arc::<Mutex<Vec<String>>>::default(),
        );
        let answers = Answers {
            manner,
            asked: asked.clone(),
            heard: heard.clone(),
        };
        let (readiness, metrics, stop) = (Readiness::new(), Metrics::new(), Shutdown::new());
        let questions = Questions {
            service: "booking",
            routes: Routes::new(BookingServer::new(answers).max_decoding_message_size(MESSAGE_BYTES)),
            names: &[booking_server::SERVICE_NAME],
            descriptors: DESCRIPTORS,
            policy: CallPolicy::new(CALLERS),
            readiness: readiness.clone(),
        };
        let address = server.address();
        let serving = tokio::spawn(server.serve(questions, GrpcMetrics::new(&metrics), stop.clone()));
        Self {
            address,
            readiness,
            metrics,
            asked,
            heard,
            stop,
            serving,
        }
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// The traces of its questions.
    pub fn traces(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Stops it in good order; whether it finished what it held.
    pub async fn stop(self) -> bool {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.serving)
            .await
            .expect("the server ends")
            .unwrap()
    }
}

/// Asks these instances.
pub fn client(at: &[SocketAddr], options: ClientOptions) -> (Client, Metrics) {
    client_with(at, options, None)
}

pub fn client_with(at: &[SocketAddr], options: ClientOptions, tls: Option<Tls>) -> (Client, Metrics) {
    let addresses: Vec<String> = at
        .iter()
        .map(|at| {
            let address = Broker {
                host: at.ip().to_string(),
                port: at.port(),
            };
            address.to_string()
        })
        .collect();
    client_at(&addresses, options, tls)
}

/// Asks whoever is there, `host:port` each.
pub fn client_at(given: &[String], options: ClientOptions, tls: Option<Tls>) -> (Client, Metrics) {
    let metrics = Metrics::new();
    let figures = GrpcMetrics::new(&metrics);
    (
        Client::new("location", "booking", given, options, tls, figures),
        metrics,
    )
}

/// Asks about a booking of this name.
pub async fn ask(client: &Client, asking: Asking, booking: &str) -> Result<AssignedTripAnswer, Status> {
    let question = || AssignedTripRequest {
        booking: booking.to_owned(),
    };
    let asked = client.ask(asking, |via| async {
        BookingClient::new(via).assigned_trip(question()).await
    });
    tokio::time::timeout(LIMIT, asked).await.expect("it ends")
}

/// Looks until something is so.
pub async fn within(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = std::time::Instant::now();
    while !so().await {
        assert!(began.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An address where nobody listens.
pub async fn nobody() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// Files of a certificate.
pub fn settings(dir: &std::path::Path, name: &str) -> GrpcTls {
    GrpcTls {
        cert: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}.key")),
        ca: dir.join("ca.pem"),
    }
}
