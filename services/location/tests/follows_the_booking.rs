//! Who follows a trip sees its driver as long as booking says that it is this driver's, whatever the driver closes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod edge;

use axum::body::Body;
use edge::{Node, PICKUP, Says, caller, fix, trip};
use http::StatusCode;
use interstate_live::Live;
use interstate_schemas::Role;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::{sync::mpsc, time::timeout};

const PATIENCE: Duration = Duration::from_secs(10);

async fn start() -> (Node, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let node = edge::start(dir.path(), &Live::in_memory()).await;
    (node, dir)
}

/// Returns the token with which the trip is seen as open.
async fn set_out(node: &Node, driver: &str, key: &str) -> String {
    let driver = caller(driver, Role::Driver);
    let (status, body, token) = node.post(driver, &trip("tracking"), key, Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    token.unwrap()
}

async fn close(node: &Node, driver: &str) -> String {
    let driver = caller(driver, Role::Driver);
    let (status, body, token) = node
        .post(driver, &trip("tracking/close"), "c1", Value::Null)
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    token.unwrap()
}

/// Returns the latitude.
async fn report(node: &Node, driver: &str, seq: u64) -> f64 {
    let lat = PICKUP.0 + 0.002 * seq as f64;
    let fixes = json!({"fixes": [fix(seq, lat)]});
    let driver = caller(driver, Role::Driver);
    let (status, taken, _) = node.post(driver, "/v1/fixes", "f", fixes).await;
    assert_eq!(
        (status, &taken["accepted"]),
        (StatusCode::OK, &json!(1)),
        "{taken}"
    );
    lat
}

/// In steps, as it does: what waits wakes in between.
async fn pass(node: &Node, seconds: i64) {
    for _ in 0..seconds / 5 {
        node.clock.pass(5);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A stream that is read as it comes.
struct Followed(mpsc::UnboundedReceiver<Option<f64>>);

impl Followed {
    fn new(mut stream: Body) -> Self {
        let (seen, read) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let position = edge::next(&mut stream).await;
                if seen.send(position).is_err() || position.is_none() {
                    return;
                }
            }
        });
        Self(read)
    }

    /// The latitude of the next position; nothing at the end.
    async fn next(&mut self) -> Option<f64> {
        let next = timeout(PATIENCE, self.0.recv()).await;
        next.expect("a position comes, or the end").unwrap()
    }

    async fn shows(&mut self, lat: f64) {
        let shown = self.next().await.expect("the stream goes on");
        assert!((shown - lat).abs() < 1e-6, "{shown} instead of {lat}");
    }
}

/// What the rider is told of the driver's position: the status, and the code of the error.
async fn position(node: &Node, token: Option<&str>) -> (u16, Value) {
    let (status, body) = node
        .get(caller("asha", Role::Rider), &trip("position"), token)
        .await;
    (status.as_u16(), body["code"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_that_was_cancelled_is_seen_no_more_though_its_driver_never_closes_it() {
    let (node, _dir) = start().await;
    let token = set_out(&node, "ravi", "k1").await;
    let mut followed = Followed::new(node.stream(&token).await);
    let lat = report(&node, "ravi", 1).await;
    followed.shows(lat).await;

    node.bookings.says(Says::Over);
    pass(&node, 30).await;
    assert_eq!(followed.next().await, None, "the stream has ended");
    report(&node, "ravi", 2).await;
    let everybody = [
        caller("asha", Role::Rider),
        caller("ravi", Role::Driver),
        caller("sam", Role::Support),
    ];
    for who in everybody {
        for path in ["position", "position/stream", "tracking"] {
            let (status, body) = node.get(who, &trip(path), None).await;
            assert_eq!(
                (status, &body["code"]),
                (StatusCode::NOT_FOUND, &json!("trip-not-open")),
                "{path}"
            );
        }
    }
    let ravi = caller("ravi", Role::Driver);
    let (status, _, _) = node.post(ravi, &trip("tracking"), "k2", Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "it is nobody's any more");
    node.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_booking_gets_another_driver_who_is_followed_from_setting_out() {
    let (node, _dir) = start().await;
    let token = set_out(&node, "ravi", "k1").await;
    let mut followed = Followed::new(node.stream(&token).await);
    let lat = report(&node, "ravi", 1).await;
    followed.shows(lat).await;

    node.bookings.says(Says::Drives("meena"));
    pass(&node, 30).await;
    assert_eq!(followed.next().await, None, "the stream has ended");
    report(&node, "ravi", 2).await;
    assert_eq!(position(&node, None).await, (404, json!("trip-not-open")));
    let token = set_out(&node, "meena", "k1").await;
    assert_eq!(
        position(&node, Some(&token)).await,
        (404, json!("position-unknown"))
    );
    let mut followed = Followed::new(node.stream(&token).await);
    let lat = report(&node, "meena", 4).await;
    followed.shows(lat).await;
    node.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_trip_sees_it_for_two_minutes_while_booking_does_not_answer() {
    let (node, _dir) = start().await;
    let token = set_out(&node, "ravi", "k1").await;
    let mut followed = Followed::new(node.stream(&token).await);
    let lat = report(&node, "ravi", 1).await;
    followed.shows(lat).await;

    node.bookings.says(Says::Away);
    pass(&node, 60).await;
    let lat = report(&node, "ravi", 2).await;
    followed.shows(lat).await;
    assert_eq!(position(&node, None).await.0, 200);
    pass(&node, 90).await;
    assert_eq!(followed.next().await, None, "the stream has ended");
    assert_eq!(position(&node, None).await, (503, json!("unavailable")));

    node.bookings.says(Says::Drives("ravi"));
    assert_eq!(position(&node, None).await.0, 200);
    node.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_who_takes_a_closed_trip_over_is_followed_and_so_is_the_first_who_gets_it_again() {
    let (node, _dir) = start().await;
    set_out(&node, "ravi", "k1").await;
    report(&node, "ravi", 1).await;
    let token = close(&node, "ravi").await;
    assert_eq!(position(&node, Some(&token)).await, (404, json!("trip-not-open")));

    node.bookings.says(Says::Drives("meena"));
    let token = set_out(&node, "meena", "k1").await;
    let mut followed = Followed::new(node.stream(&token).await);
    let lat = report(&node, "meena", 3).await;
    followed.shows(lat).await;
    close(&node, "meena").await;
    assert_eq!(followed.next().await, None, "the stream has ended");

    node.bookings.says(Says::Drives("ravi"));
    let token = set_out(&node, "ravi", "k2").await;
    assert_eq!(position(&node, Some(&token)).await.0, 200);
    node.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_that_is_opened_again_reaches_its_milestones_again() {
    let (node, _dir) = start().await;
    let (ravi, asha) = (caller("ravi", Role::Driver), caller("asha", Role::Rider));
    let at_the_pickup = async |seq| {
        let fixes = json!({"fixes": [fix(seq, PICKUP.0 + 0.0005)]});
        node.post(ravi, "/v1/fixes", "f", fixes).await;
    };
    set_out(&node, "ravi", "k1").await;
    at_the_pickup(1).await;
    edge::arrived(&node, asha).await;
    close(&node, "ravi").await;

    let token = set_out(&node, "ravi", "k2").await;
    let (_, body) = node.get(asha, &trip("tracking"), Some(&token)).await;
    assert_eq!(body["arrived"], json!(false));
    at_the_pickup(2).await;
    edge::arrived(&node, asha).await;
    node.host.stop().await;
}
