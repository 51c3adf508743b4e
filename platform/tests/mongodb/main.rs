//! The platform with booking's history on a server of MongoDB's protocol, which these tests start.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../ride/mod.rs"]
mod ride;

use interstate::node::Node;
use interstate_config::CommonArgs;
use interstate_engines::Engine;
use ride::{Platform, Sandbox};
use serde_json::json;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// An hour of log time in six seconds.
const FACTOR: u32 = 600;
/// Longer than any of these takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);

async fn start(dir: &Path, engine: &Engine, sandbox: &Sandbox, factor: u32) -> Node {
    let common = CommonArgs {
        data_dir: Some(dir.display().to_string()),
        db_connection: Some(format!("mongodb://127.0.0.1:{}/ sqlite:", engine.port())),
        clock_factor: Some(factor.to_string()),
        ..CommonArgs::default()
    };
    ride::node(common, Some(sandbox), &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_ride_whose_bookings_are_documents() {
    let (engine, dir) = (Engine::start("mongo"), tempfile::tempdir().unwrap());
    let sandbox = Sandbox::start(dir.path()).await;
    let story = async {
        let node = start(dir.path(), &engine, &sandbox, FACTOR).await;
        ride::register_support(&node).await;
        let booking = ride::ride(&Platform::of(&node)).await;
        assert!(
            !dir.path().join("booking.db").exists(),
            "the documents are the only history"
        );
        let model = node.base.models.get("booking-history").unwrap();
        for verify in [true, false, true] {
            let told = model.rebuild(verify).await.unwrap();
            assert!(told.contains("the same") && !told.contains("DIFFERENT"), "{told}");
        }
        let support = Platform::of(&node).staff("support").await;
        let found = support.get(&format!("/v1/bookings/{booking}")).await;
        assert_eq!(found["state"], "CLOSED", "after a rebuild too");
        let told = support.get(&format!("/v1/bookings/{booking}/story")).await;
        let entries = told["entries"].as_array().unwrap();
        assert_eq!(entries[0]["what"], "quote.issued.v1");
        assert!(entries.len() > 15, "{told:#}");
        node.stop().await;
    };
    tokio::time::timeout(LIMIT, story)
        .await
        .expect("the ride ends in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_away_costs_no_command_and_holds_no_query_up() {
    let (engine, dir) = (Engine::start("mongo"), tempfile::tempdir().unwrap());
    let sandbox = Sandbox::start(dir.path()).await;
    let story = async {
        let node = start(dir.path(), &engine, &sandbox, 1).await;
        let platform = Platform::of(&node);
        let rider = platform.signed_up("asha", "+919812345602", "rider").await;
        let pickup = platform.clock.now() + platform.ahead;
        let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
            "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
        engine.pause();
        let began = Instant::now();
        let quote = rider.post("/v1/quotes", "quote", wanted).await;
        let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
        let booked = rider.post("/v1/bookings", "book", order).await;
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "commands took {:?}",
            began.elapsed()
        );
        let path = format!("/v1/bookings/{}", booked["booking"].as_str().unwrap());
        let began = Instant::now();
        let (status, problem) = rider.try_get(&path).await;
        assert_eq!(status, 503, "nobody can know it: {problem}");
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the answer took {:?}",
            began.elapsed()
        );
        engine.resume();
        let found = rider
            .until(&path, "the booking", |found| {
                found["booking"] == booked["booking"]
            })
            .await;
        assert_eq!(found["quote"], quote["quote"]);
        node.stop().await;
    };
    tokio::time::timeout(LIMIT, story)
        .await
        .expect("the story ends in time");
}
