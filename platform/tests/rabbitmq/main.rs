//! The platform with payment's jobs on RabbitMQ, which these tests start.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../ride/mod.rs"]
mod ride;

use interstate::node::{Node, Settings};
use interstate_config::{CommonArgs, Provider, Secret};
use interstate_engines::Engine;
use ride::{Platform, Sandbox};
use std::{path::Path, time::Duration};

/// An hour of log time in six seconds.
const FACTOR: u32 = 600;
/// Longer than any of these takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);

fn common(dir: &Path, rabbitmq: &str) -> CommonArgs {
    CommonArgs {
        data_dir: Some(dir.display().to_string()),
        rabbitmq_url: Some(Secret::new(rabbitmq)),
        clock_factor: Some(FACTOR.to_string()),
        ..CommonArgs::default()
    }
}

async fn page(node: &Node, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("http://{}{path}", node.address()))
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_ride_whose_payments_are_jobs() {
    let (engine, dir) = (Engine::start("rabbitmq"), tempfile::tempdir().unwrap());
    let sandbox = Sandbox::start(dir.path()).await;
    let story = async {
        let node = ride::node(common(dir.path(), engine.url()), Some(&sandbox), &[]).await;
        ride::register_support(&node).await;
        let platform = Platform::of(&node);
        ride::ride(&platform).await;
        let (_, figures) = page(&node, "/metrics").await;
        let line = |name: &str| {
            let line = figures.lines().find(|line| line.starts_with(name));
            line.unwrap_or_else(|| panic!("{name} is not shown:\n{figures}"))
                .rsplit_once(' ')
                .unwrap()
                .1
                .to_owned()
        };
        assert_eq!(
            line("jobs_breaker_state{service=\"payment\",queue=\"payment.jobs\"}"),
            "0"
        );
        let taken: u32 = line("jobs{service=\"payment\",queue=\"payment.jobs\",state=\"taken\"}")
            .parse()
            .unwrap();
        assert!(taken >= 2, "a hold and a capture at least: {taken}");
        node.stop().await;
    };
    tokio::time::timeout(LIMIT, story)
        .await
        .expect("the ride ends in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_at_the_start_is_a_reason_not_to_be_ready() {
    let (mut engine, dir) = (Engine::start("rabbitmq"), tempfile::tempdir().unwrap());
    engine.stop();
    let sandbox = Sandbox::start(dir.path()).await;
    let node = ride::node(common(dir.path(), engine.url()), Some(&sandbox), &["payment"]).await;
    let ready = async |wanted: u16, says: &str| {
        for _ in 0..300 {
            let (status, text) = page(&node, "/ready").await;
            if status == wanted && text.contains(says) {
                assert!(!text.contains("guest:guest"), "{text}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never {wanted} with {says}: {:?}", page(&node, "/ready").await);
    };
    ready(503, "RABBITMQ_URL").await;
    engine.again();
    ready(200, "").await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_wrong_ends_the_start_with_what_to_do() {
    let (engine, dir) = (Engine::start("rabbitmq"), tempfile::tempdir().unwrap());
    let wrong = engine.url().replace("guest:guest", "guest:hunter2");
    let settings = Settings {
        common: CommonArgs {
            port: Some("0".to_owned()),
            ..common(dir.path(), &wrong)
        }
        .validate()
        .unwrap(),
        provider: Some(Provider {
            url: "http://127.0.0.1:1".to_owned(),
            webhook_secret: Secret::new("0123456789abcdef0123456789abcdef"),
        }),
        services: vec!["payment".to_owned()],
        alone: true,
        demonstration: true,
    };
    let error = Node::start(settings)
        .await
        .err()
        .expect("it is refused")
        .to_string();
    assert!(
        error.contains("jobs.refused") && error.contains("RABBITMQ_URL"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}
