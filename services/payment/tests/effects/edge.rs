//! The routes, in front of a service that runs.

use crate::{
    fake::Fake,
    node::{Node, booking, capture, card, quick},
};
use axum::{Router, body::Body};
use http::{Request, StatusCode};
use interstate_auth::Policy;
use interstate_eventing::projection::Consumers;
use interstate_http::{Api, Readiness};
use interstate_payment::{
    Assembled, Parts,
    api::{CODES, ROWS, router},
    assemble,
    effects::WebhookSecret,
    read::sqlite,
};
use interstate_sandbox::webhooks::sign;
use interstate_schemas::Timestamp;
use interstate_stores::Sqlite;
use interstate_telemetry::Metrics;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tower::ServiceExt;

const SECRET: &str = "0123456789abcdef";
const NOW: u64 = 1_700_000_000;

async fn assembled(node: &Node, folder: &tempfile::TempDir) -> Assembled {
    let file = Sqlite::open(folder.path().join("payment.db")).await.unwrap();
    let parts = Parts {
        log: node.log.clone(),
        clock: node.clock.clone(),
        wall_clock: Arc::new(|| Timestamp::from_second(NOW as i64).unwrap()),
        commands: node.commands.clone(),
        consumers: Consumers::default(),
        provider: Arc::new(Fake::new()),
        webhook_secret: Some(WebhookSecret::new(SECRET)),
        books: sqlite::open(&file).await.unwrap(),
        folder: folder.path().to_owned(),
        partitions: 1,
        queue: interstate_payment::effects::Queue::in_process(node.clock.clone()),
        options: quick(),
    };
    assemble(parts).await.unwrap()
}

async fn webhook(router: &Router, signature: &str, body: &'static str) -> StatusCode {
    let request = Request::post("/v1/webhooks/payments").header("sandbox-signature", signature);
    let request = request.body(Body::from(body)).unwrap();
    router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_its_row_and_webhooks_need_the_providers_signature() {
    let (node, folder) = (Node::start().await, tempfile::tempdir().unwrap());
    let assembled = assembled(&node, &folder).await;
    let metrics = Metrics::new().service("payment");
    let api = Api::new(router(assembled.edge.clone()), Readiness::new(), CODES, metrics);
    assert_eq!(Policy::new(ROWS).unwrap().disagreements(&api.routes()), [""; 0]);

    let routes: Router = router(assembled.edge).into();
    let body = r#"{"reference":"nothing of ours"}"#;
    let good = sign(SECRET, NOW, body.as_bytes());
    assert_eq!(webhook(&routes, &good, body).await, StatusCode::NO_CONTENT);
    assert_eq!(
        webhook(&routes, &good, body).await,
        StatusCode::NO_CONTENT,
        "a repeat"
    );
    assert_eq!(webhook(&routes, &good, "{}").await, StatusCode::UNAUTHORIZED);
    assert_eq!(webhook(&routes, "", body).await, StatusCode::UNAUTHORIZED);
    let old = sign(SECRET, NOW - 600, body.as_bytes());
    assert_eq!(webhook(&routes, &old, body).await, StatusCode::UNAUTHORIZED);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_together_take_a_payment_from_command_to_read_model() {
    let (node, folder) = (Node::start().await, tempfile::tempdir().unwrap());
    let assembled = assembled(&node, &folder).await;
    let reads = assembled.edge.reads.clone();
    let (stop, stopping) = watch::channel(false);
    let effects = tokio::spawn(assembled.effects.run(stopping));
    let runners: Vec<_> = assembled
        .runners
        .into_iter()
        .map(|runner| tokio::spawn(runner.run()))
        .collect();
    node.tell(1, capture(1, card("pm_card_ok"))).await;
    node.until("payment.captured.v1", 1).await;
    let mut captured = 0;
    for _ in 0..200 {
        captured = reads
            .payment(booking(1))
            .await
            .unwrap()
            .map_or(0, |payment| payment.captured.amount);
        if captured > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(captured, 94_000);
    assert_eq!(reads.trial_balance().await.unwrap().total.amount, 0);
    stop.send_replace(true);
    effects.await.unwrap();
    runners.iter().for_each(tokio::task::JoinHandle::abort);
    node.stop().await;
}
