//! A question between two services over gRPC on loopback, at a steady rate: booking asks location for a route.
//!
//! Questions leave on a clock, whether the one before has been answered or not. The way is the platform's own: port,
//! client, HTTP/2, server, the road model, and back.

use crate::figures;
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
use tokio::time::{Instant, MissedTickBehavior};
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
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (began, mut asked) = (Instant::now(), Vec::new());
    let until = began + WARM_UP + Duration::from_secs(seconds);
    loop {
        let due = tick.tick().await;
        if due >= until {
            break;
        }
        let routes = routes.clone();
        asked.push(tokio::spawn(async move {
            let stops = ["Ahmedabad", "Udaipur"].map(|name| PlaceRef::Name(name.to_owned()));
            let answered = routes.route(&stops, VehicleClass::Sedan).await;
            (due, due.elapsed(), answered.is_ok())
        }));
    }
    let (mut latencies, mut failed) = (Vec::new(), 0);
    for asked in asked {
        let (due, took, answered) = asked.await?;
        failed += usize::from(!answered);
        if due >= began + WARM_UP {
            latencies.push(took);
        }
    }
    latencies.sort_unstable();
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
