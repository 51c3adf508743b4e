//! The service at work on an embedded log: a driver sets out, is followed, arrives, and stops being followed.
#![allow(clippy::unwrap_used, reason = "tests")]

mod edge;

use axum::body::Body;
use edge::{Node, PICKUP, caller, fix, now, trip};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use interstate_auth::Policy;
use interstate_http::routes;
use interstate_live::Live;
use interstate_location::api::{self, ROWS};
use interstate_schemas::{DriverId, GeoPoint, Role};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tower::ServiceExt;

async fn start(dir: &Path) -> Node {
    edge::start(dir, &Live::in_memory()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_is_followed_by_its_rider_from_setting_out_to_its_end_and_by_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let (ravi, asha) = (caller("ravi", Role::Driver), caller("asha", Role::Rider));

    let (status, _) = node.get(asha, &trip("position"), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "nobody has set out");
    let stranger = caller("mallory", Role::Driver);
    let (status, body, _) = node.post(stranger, &trip("tracking"), "k1", Value::Null).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::FORBIDDEN, &json!("trip-not-yours"))
    );
    let (status, _, token) = node.post(ravi, &trip("tracking"), "k1", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let token = token.unwrap();

    let (status, body) = node.get(asha, &trip("position"), Some(&token)).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::NOT_FOUND, &json!("position-unknown"))
    );
    let fixes = json!({"fixes": [fix(1, PICKUP.0 + 0.01), fix(2, PICKUP.0 + 0.0005)]});
    let (status, taken, _) = node.post(ravi, "/v1/fixes", "f1", fixes.clone()).await;
    assert_eq!(
        (status, &taken["accepted"]),
        (StatusCode::OK, &json!(2)),
        "{taken}"
    );
    let (_, again, _) = node.post(ravi, "/v1/fixes", "f2", fixes).await;
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(2)));

    for who in [asha, ravi, caller("sam", Role::Support)] {
        let (status, body) = node.get(who, &trip("position"), None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!(body["point"]["lat"], json!(PICKUP.0 + 0.0005));
    }
    for path in ["position", "position/stream", "tracking"] {
        let (status, _) = node.get(caller("mallory", Role::Rider), &trip(path), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    edge::arrived(&node, asha).await;

    let (status, _, token) = node.post(ravi, &trip("tracking/close"), "c1", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = node.get(asha, &trip("position"), token.as_deref()).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "the trip is over");
    node.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_shows_positions_as_they_come_and_ends_with_the_trip() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let (ravi, asha) = (caller("ravi", Role::Driver), caller("asha", Role::Rider));
    let (_, _, token) = node.post(ravi, &trip("tracking"), "k1", Value::Null).await;
    let mut request = Request::get(trip("position/stream"))
        .header("consistency-token", token.unwrap())
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(asha);
    let response = node.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let read = tokio::spawn(response.into_body().collect());
    for seq in 1..=3 {
        let fixes = json!({"fixes": [fix(seq, PICKUP.0 + 0.002 * seq as f64)]});
        node.post(ravi, "/v1/fixes", &format!("f{seq}"), fixes).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    node.post(ravi, &trip("tracking/close"), "c1", Value::Null).await;
    let read = tokio::time::timeout(Duration::from_secs(10), read).await;
    let text = read.expect("the stream ends").unwrap().unwrap().to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert_eq!(text.matches("event: position").count(), 3, "{text}");
    node.host.stop().await;
}

#[test]
fn after_a_restart_the_driver_is_still_seen_and_the_trip_still_open() {
    let dir = tempfile::tempdir().unwrap();
    let (ravi, asha) = (caller("ravi", Role::Driver), caller("asha", Role::Rider));
    let fixes = json!({"fixes": [fix(19, 23.03)]});
    // A runtime each, because a process ends with everything that it runs.
    let process = || tokio::runtime::Runtime::new().unwrap();
    let first = process();
    let token = first.block_on(async {
        let node = start(dir.path()).await;
        let (_, _, token) = node.post(ravi, &trip("tracking"), "k1", Value::Null).await;
        node.post(ravi, "/v1/fixes", "f1", fixes.clone()).await;
        node.host.stop().await;
        token
    });
    drop(first);
    process().block_on(async {
        let node = start(dir.path()).await;
        let near = GeoPoint::new(23.03, PICKUP.1).unwrap();
        assert_eq!(
            node.location.nearest_drivers(near, 1_000, 5, now()).await.len(),
            1
        );
        let path = |radius: u32| format!("/v1/positions/nearest?lat=23.03&lon={}&radius={radius}", PICKUP.1);
        let support = caller("sita", Role::Support);
        let (status, found) = node.get(support, &path(1_000), None).await;
        assert_eq!(status, StatusCode::OK, "{found}");
        assert_eq!(
            found["drivers"][0]["driver"],
            json!(DriverId::from(ravi.user)),
            "{found}"
        );
        assert_eq!(found["drivers"].as_array().unwrap().len(), 1);
        for (who, path, wanted) in [
            (support, path(0), StatusCode::BAD_REQUEST),
            (
                support,
                "/v1/positions/nearest?lat=99&lon=0".to_owned(),
                StatusCode::BAD_REQUEST,
            ),
        ] {
            let (status, body) = node.get(who, &path, None).await;
            assert_eq!(status, wanted, "{path}: {body}");
        }
        let (status, body) = node.get(asha, &trip("position"), token.as_deref()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let (_, again, _) = node.post(ravi, "/v1/fixes", "f2", fixes.clone()).await;
        assert_eq!(again["duplicates"], json!(1));
        node.host.stop().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn places_and_routes_are_open_to_everyone_and_every_route_has_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let policy = Policy::new(ROWS).unwrap();
    assert_eq!(policy.disagreements(&routes(&node.doc)), [""; 0]);
    let codes = api::CODES
        .iter()
        .chain(interstate_auth::CODES)
        .chain(interstate_http::CODES);
    assert_eq!(interstate_http::check_codes(codes.copied()), [""; 0]);

    let get = async |path: &str| node.call(None, Method::GET, path, "k", Value::Null, None).await;
    let (_, cities, _) = get("/v1/cities?prefix=Ahmedab&limit=3").await;
    assert_eq!(cities[0]["name"], json!("Ahmedabad"));
    let (_, near, _) = get("/v1/cities/nearest?lat=24.58&lon=73.71").await;
    assert_eq!(near["name"], json!("Udaipur"));
    let (_, state, _) = get("/v1/states/at?lat=24.58&lon=73.71").await;
    assert_eq!((&state["state"], &state["gst_number"]), (&json!("RJ"), &json!(8)));
    let (status, sea, _) = get("/v1/states/at?lat=15&lon=65").await;
    assert_eq!((status.as_u16(), &sea["code"]), (422, &json!("not-in-india")));

    let post = async |stops: Value| {
        let body = json!({ "stops": stops });
        node.call(None, Method::POST, "/v1/routes", "k", body, None).await
    };
    let (status, route, _) = post(json!([{"name": "Ahmedabad"}, {"city": near["id"]}])).await;
    assert_eq!(status, StatusCode::OK, "{route}");
    assert_eq!(route["states"], json!(["GJ", "RJ"]));
    assert!(
        (240_000..290_000).contains(&route["metres"].as_u64().unwrap()),
        "{route}"
    );
    assert_eq!(route["lines"].as_array().unwrap().len(), 1);
    let (status, wrong, _) = post(json!([{"name": "Ahmedabad"}, {"name": "Atlantis"}])).await;
    assert_eq!(
        (status.as_u16(), &wrong["errors"][0]["pointer"]),
        (422, &json!("/stops/1"))
    );
    let (status, which, _) = post(json!([{"name": "Delhi"}, {"name": "Manali"}])).await;
    assert_eq!((status.as_u16(), &which["code"]), (422, &json!("stop-ambiguous")));
    let detail = which["errors"][0]["detail"].to_string();
    assert!(detail.contains("1263967 in Himachal Pradesh (HP)"), "{which}");
    node.host.stop().await;
}
