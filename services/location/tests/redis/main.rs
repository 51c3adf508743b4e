//! Two instances of the service's edge that share a Redis server: what one takes up, the other shows.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../edge/mod.rs"]
mod edge;

use axum::body::Body;
use edge::{Node, PICKUP, caller, fix, trip};
use http::StatusCode;
use interstate_config::Cache;
use interstate_engines::Engine;
use interstate_live::Live;
use interstate_schemas::Role;
use interstate_telemetry::Metrics;
use serde_json::{Value, json};
use std::path::Path;

/// An instance on a log of its own: nothing passes between two of them but by the server.
async fn instance(dir: &Path, url: &str) -> Node {
    let cache = Cache::parse(url).unwrap();
    let live = Live::open(&cache, &Metrics::new()).await.unwrap();
    edge::start(dir, &live).await
}

/// The latitude of the next position.
async fn next(stream: &mut Body) -> f64 {
    edge::next(stream).await.expect("the stream goes on")
}

async fn open(node: &Node) -> String {
    let ravi = caller("ravi", Role::Driver);
    let (status, _, token) = node.post(ravi, &trip("tracking"), "k1", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    token.unwrap()
}

async fn report(node: &Node, seq: u64) -> f64 {
    let lat = PICKUP.0 + 0.002 * seq as f64;
    let fixes = json!({"fixes": [fix(seq, lat)]});
    let ravi = caller("ravi", Role::Driver);
    let (status, taken, _) = node.post(ravi, "/v1/fixes", &format!("f{seq}"), fixes).await;
    assert_eq!(
        (status, &taken["accepted"]),
        (StatusCode::OK, &json!(1)),
        "{taken}"
    );
    lat
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_at_one_instance_shows_the_fixes_that_another_takes_up() {
    let mut engine = Engine::start("redis");
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = instance(one.path(), engine.url()).await;
    let two = instance(two.path(), engine.url()).await;
    open(&one).await;
    let token = open(&two).await;

    let first = report(&one, 1).await;
    let mut stream = two.stream(&token).await;
    assert!(
        (next(&mut stream).await - first).abs() < 1e-6,
        "what was known already comes first"
    );
    for seq in 2..=4 {
        let lat = report(&one, seq).await;
        assert!((next(&mut stream).await - lat).abs() < 1e-6);
    }
    let asha = caller("asha", Role::Rider);
    let (status, body) = two.get(asha, &trip("position"), None).await;
    assert_eq!(status, StatusCode::OK);
    let shown = body["point"]["lat"].as_f64().unwrap();
    assert!((shown - (PICKUP.0 + 0.008)).abs() < 1e-6, "{body}");
    let path = format!(
        "/v1/positions/nearest?lat={}&lon={}&radius=2000",
        PICKUP.0, PICKUP.1
    );
    let (_, found) = two.get(caller("sita", Role::Support), &path, None).await;
    assert_eq!(found["drivers"].as_array().unwrap().len(), 1, "{found}");

    // Without the server each serves what it has itself, and takes fixes all the same.
    engine.kill();
    let lat = report(&two, 5).await;
    assert!(
        (next(&mut stream).await - lat).abs() < 1e-6,
        "its own fixes are shown at once"
    );
    let unseen = report(&one, 6).await;
    let (status, _) = two.get(asha, &trip("position"), None).await;
    assert_eq!(status, StatusCode::OK);
    engine.again();
    assert!(
        (next(&mut stream).await - unseen).abs() < 1e-6,
        "nothing is lost: it comes later"
    );
    one.host.stop().await;
    two.host.stop().await;
}
