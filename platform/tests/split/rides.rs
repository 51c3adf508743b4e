//! A whole ride while the services run apart.

use crate::{
    gateway::Gateway,
    process::{Deployment, PROGRAMS, Process, clock, free_ports, ready},
    ride::{self, Person, Platform, Sandbox},
    rights::{Guarded, properties},
};
use interstate_config::CommonArgs;
use interstate_engines::within;
use interstate_schemas::SignedDuration;
use serde_json::json;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Log time, in real time, and how long before the pickup the trip is booked: as on one process on Kafka.
const FACTOR: u32 = 200;
const AHEAD: SignedDuration = SignedDuration::from_mins(4 * 60 + 40);
/// Longer than this takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(420);
/// Nobody waits longer for an answer that cannot come.
const REFUSED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_over_six_processes_one_of_which_is_killed_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let guarded = Guarded::start(dir.path()).await;
    tokio::time::timeout(LIMIT, story(dir.path(), &guarded.address))
        .await
        .unwrap_or_else(|_| panic!("the ride takes longer than {LIMIT:?}"));
}

async fn story(dir: &Path, brokers: &str) {
    let sandbox = Sandbox::start(dir).await;
    let of = Deployment {
        dir: dir.to_owned(),
        brokers: brokers.to_owned(),
        provider: sandbox.url.clone(),
        factor: FACTOR,
        base: free_ports(),
    };
    register_support(&of).await;
    let mut processes: Vec<Process> = PROGRAMS
        .iter()
        .map(|(name, ..)| Process::start(&of, name))
        .collect();
    let urls: Vec<String> = of.urls().into_values().collect();
    ready(&urls).await;
    let gateway = Gateway::start(of.urls()).await;
    let platform = Platform {
        urls: vec![gateway.url.clone()],
        clock: clock(dir, FACTOR),
        ahead: AHEAD,
        patient: true,
        assigned: Arc::default(),
    };
    let rita = platform.signed_up("rita", "+919812345611", "rider").await;
    let trouble = async {
        platform.assigned.notified().await;
        kill_location(&of, &mut processes, &platform, rita.token()).await;
    };
    let (booking, ()) = tokio::join!(ride::ride(&platform), trouble);
    println!("{booking} was driven over six processes");
    tracking_asks_booking(&of, &platform).await;
    asked_over_grpc(&of).await;
}

/// Without location nobody is quoted, and is told so at once; with it all is well again, by itself.
async fn kill_location(of: &Deployment, processes: &mut [Process], platform: &Platform, token: &str) {
    let at = PROGRAMS
        .iter()
        .position(|(name, ..)| *name == "location")
        .unwrap();
    processes[at].kill();
    let quote = |key: String| {
        let pickup = platform.clock.now() + SignedDuration::from_hours(48);
        reqwest::Client::new()
            .post(format!("{}/v1/quotes", of.url("booking")))
            .bearer_auth(token)
            .header("idempotency-key", key)
            .timeout(Duration::from_secs(20))
            .json(&json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
                "stops": [{ "name": "Mumbai" }, { "name": "Pune" }] }))
            .send()
    };
    for number in 0..8 {
        let began = Instant::now();
        let answer = quote(format!("away-{number}")).await.unwrap();
        let (status, come_back) = (
            answer.status().as_u16(),
            answer.headers().get("retry-after").cloned(),
        );
        let told = answer.text().await.unwrap();
        assert_eq!(status, 503, "{told}");
        assert!(told.contains("\"unavailable\""), "{told}");
        assert!(come_back.is_some(), "it says when to come back");
        assert!(began.elapsed() < REFUSED_WITHIN, "after {:?}", began.elapsed());
    }
    let breaker = reqwest::get(format!("{}/metrics", of.url("booking")));
    let breaker = breaker.await.unwrap().text().await.unwrap();
    let open = format!(
        r#"grpc_client_breaker_state{{service="booking",target="location",address="127.0.0.1:{}"}} 2"#,
        of.base + 1_003
    );
    assert!(breaker.contains(&open), "the address is left alone:\n{breaker}");

    processes[at] = Process::start(of, "location");
    ready(&[of.url("location")]).await;
    let mut number = 0;
    let took = within(Duration::from_secs(20), "quotes are given again", async || {
        number += 1;
        let answer = quote(format!("back-{number}")).await.unwrap();
        answer.status().as_u16() == 201
    })
    .await;
    println!("booking quoted {took:?} after location was ready again");
}

/// Location asks booking who drives whom: this one drives nobody.
async fn tracking_asks_booking(of: &Deployment, platform: &Platform) {
    let nobody = Person::nobody(&platform.urls, "devi", true);
    let driver = nobody.log_in("devi@example.org", "correct horse battery").await;
    let stranger = "bkg_01HZZZZZZZZZZZZZZZZZZZZZZZ";
    let path = format!("/v1/trips/{stranger}/tracking");
    let (status, problem) = driver.try_post(&path, "track", serde_json::Value::Null).await;
    assert_eq!(problem["code"], "trip-not-yours", "{status} {problem}");
    let figures = reqwest::get(format!("{}/metrics", of.url("location")));
    let figures = figures.await.unwrap().text().await.unwrap();
    let asked =
        r#"grpc_client_requests_total{service="location",target="booking",method="AssignedTrip",code="OK"}"#;
    assert!(figures.contains(asked), "{figures}");
}

/// The search asked location for positions, and booking for routes.
async fn asked_over_grpc(of: &Deployment) {
    let figures = reqwest::get(format!("{}/metrics", of.url("driver")));
    let figures = figures.await.unwrap().text().await.unwrap();
    assert!(
        figures.contains(r#"target="location",method="NearestDrivers",code="OK""#),
        "{figures}"
    );
}

/// Somebody at support is signed up by an instance that comes for this alone, and leaves in good order.
async fn register_support(of: &Deployment) {
    let folder = |name: &str| Some(of.dir.join(name).display().to_string());
    let common = CommonArgs {
        service_name: Some("clerk".to_owned()),
        data_dir: folder("clerk"),
        keys_dir: folder("keys"),
        kafka_brokers: Some(of.brokers.clone()),
        kafka_properties: Some(properties(&of.dir, "user").display().to_string()),
        clock_factor: Some(of.factor.to_string()),
        ..CommonArgs::default()
    };
    let clerk = ride::node(common, None, &["user"]).await;
    ride::register_support(&clerk).await;
    clerk.stop().await;
}
