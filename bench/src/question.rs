//! A question between two services over gRPC on loopback, at a steady rate: booking asks location for a route.
//!
//! The way is the platform's own: port, client, HTTP/2, server, the road model, and back.

use crate::{figures, pace};
use interstate_booking::{
    ports::{PlaceRef, RouteFinder},
    remote::RemoteRoutes,
};
use interstate_eventing::runtime::MachineClock;
use interstate_grpc::{CallPolicy, Client, ClientOptions, GrpcMetrics, Questions, Server, ServerOptions};
use interstate_http::{Readiness, Shutdown};
use interstate_location::{Location, api};
use interstate_proto::{DESCRIPTORS, location::location_server::SERVICE_NAME};
use interstate_schemas::VehicleClass;
use interstate_telemetry::Metrics;
use std::{error::Error, net::Ipv4Addr, sync::Arc, time::Duration};
use tonic::service::Routes;

/// Not counted: connections open, the code warms up.
const WARM_UP: Duration = Duration::from_secs(1);

pub async fn run(rate: u32, seconds: u64) -> Result<(), Box<dyn Error>> {
    let stop = Shutdown::new();
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), ServerOptions::default(), None).await?;
    let address = server.address().to_string();
    let questions = Questions {
        service: "location",
        routes: Routes::new(api::questions(
            Location::open(&interstate_live::Live::in_memory())?,
            Arc::new(MachineClock::real()),
        )),
        names: &[SERVICE_NAME],
        descriptors: DESCRIPTORS,
        policy: CallPolicy::new(api::CALLERS),
        readiness: Readiness::new(),
    };
    let serving = tokio::spawn(server.serve(questions, GrpcMetrics::new(&Metrics::new()), stop.clone()));
    let client = Client::new(
        "booking",
        "location",
        &[address],
        ClientOptions::default(),
        None,
        GrpcMetrics::new(&Metrics::new()),
    );
    let routes = Arc::new(RemoteRoutes::new(client));
    let ask = move |_| {
        let routes = routes.clone();
        async move {
            let stops = ["Ahmedabad", "Udaipur"].map(|name| PlaceRef::Name(name.to_owned()));
            routes.route(&stops, VehicleClass::Sedan).await.is_ok()
        }
    };
    let paced = pace::at(rate, WARM_UP, Duration::from_secs(seconds), ask).await?;
    let (latencies, failed) = (paced.latencies, paced.failed);
    println!(
        "{}",
        serde_json::json!({
            "what": "question", "rate": rate, "questions": latencies.len(), "failed": failed,
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
        })
    );
    stop.cancel();
    serving.await?;
    match failed {
        0 => Ok(()),
        failed => Err(format!("{failed} questions were not answered").into()),
    }
}
