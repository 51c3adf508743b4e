//! What is too much, too slow or broken is turned away, and the rest goes on.

use crate::api::{Running, problem};
use interstate_http::{EdgeOptions, Rate, ServerOptions};
use std::time::Duration;

#[tokio::test]
async fn a_panic_is_a_problem_and_tells_nothing() {
    let edge = Running::with_defaults().await;
    let (status, body) = problem(edge.get("/v1/panics")).await;
    assert_eq!((status, body["code"].as_str().unwrap()), (500, "internal"));
    assert!(!body.to_string().contains("secret plan"), "{body}");
    assert_eq!(
        edge.get("/v1/rides").send().await.unwrap().status(),
        200,
        "the server goes on"
    );
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_cut() {
    let options = EdgeOptions {
        timeout: Duration::from_millis(50),
        ..EdgeOptions::default()
    };
    let edge = Running::start(options, ServerOptions::default()).await;
    let (status, body) = problem(edge.get("/v1/slow")).await;
    assert_eq!((status, body["code"].as_str().unwrap()), (504, "timed-out"));
}

#[tokio::test]
async fn more_than_it_can_hold_is_sent_away_at_once() {
    let options = EdgeOptions {
        in_flight: 2,
        ..EdgeOptions::default()
    };
    let edge = Running::start(options, ServerOptions::default()).await;
    let answers = futures::future::join_all((0..5).map(|_| edge.get("/v1/slow").send())).await;
    let mut statuses: Vec<u16> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().status().as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 503, 503, 503]);
    let sent_away = answers
        .iter()
        .flatten()
        .find(|answer| answer.status() == 503)
        .unwrap();
    assert_eq!(sent_away.headers()["retry-after"], "1");
    assert_eq!(
        edge.get("/v1/rides").send().await.unwrap().status(),
        200,
        "afterwards there is room again"
    );
}

#[tokio::test]
async fn an_address_has_its_share() {
    let per_address = Some(Rate {
        per_second: 0.5,
        burst: 3.0,
    });
    let edge = Running::start(
        EdgeOptions {
            per_address,
            ..EdgeOptions::default()
        },
        ServerOptions::default(),
    )
    .await;
    for _ in 0..3 {
        assert_eq!(edge.get("/v1/rides").send().await.unwrap().status(), 200);
    }
    let answer = edge.get("/v1/rides").send().await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "2")
    );
    assert_eq!(
        edge.get("/health").send().await.unwrap().status(),
        200,
        "probes are not limited"
    );
}
