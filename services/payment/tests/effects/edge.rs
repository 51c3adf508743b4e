//! The routes, in front of a service that runs.

use crate::{
    fake::Fake,
    node::{Node, booking, capture, card, driven, quick},
};
use axum::{Router, body::Body};
use http::{Request, StatusCode};
use interstate_auth::{Access, Caller, Policy};
use interstate_eventing::projection::Consumers;
use interstate_http::{Api, Readiness};
use interstate_payment::{
    Assembled, Parts,
    api::{CODES, ROWS, router},
    assemble,
    domain::Command,
    effects::WebhookSecret,
    read::sqlite,
};
use interstate_sandbox::webhooks::sign;
use interstate_schemas::{Role, SessionId, Timestamp, UserId};
use interstate_stores::Sqlite;
use interstate_telemetry::Metrics;
use serde_json::{Value, json};
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

/// What somebody of this role is answered.
async fn asked(
    router: &Router,
    role: Role,
    user: UserId,
    request: http::request::Builder,
    body: &Value,
) -> Value {
    let caller = Caller {
        user,
        role,
        session: SessionId::derive(1, &[b"session"]),
        expires: Timestamp::MAX,
    };
    let request = request
        .extension(caller)
        .header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 100_000).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// Asks support's list until it has so many entries.
async fn waiting(router: &Router, entries: usize) -> Value {
    let support = UserId::derive(1, &[b"support"]);
    for _ in 0..500 {
        let list = Request::get("/v1/payments?support_case=true&limit=1");
        let list = asked(router, Role::Support, support, list, &Value::Null).await;
        if list["items"].as_array().unwrap().len() == entries {
            return list;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("support's list never had {entries} entries");
}

#[tokio::test(flavor = "multi_thread")]
async fn support_finds_disputed_cash_and_decides_it() {
    let (node, folder) = (Node::start().await, tempfile::tempdir().unwrap());
    let assembled = assembled(&node, &folder).await;
    let (stop, stopping) = watch::channel(false);
    let effects = tokio::spawn(assembled.effects.run(stopping));
    let runners: Vec<_> = assembled
        .runners
        .into_iter()
        .map(|runner| tokio::spawn(runner.run()))
        .collect();
    let policy = Policy::new(ROWS).unwrap();
    let staff = Access::Roles(&[Role::Support, Role::Admin]);
    assert_eq!(policy.access("GET", "/v1/payments"), Some(staff));

    node.tell(1, capture(1, card("pm_card_ok"))).await;
    node.until("payment.captured.v1", 1).await;
    node.tell(1, Command::Settle(driven(1))).await;
    let routes: Router = router(assembled.edge).into();
    assert_eq!(waiting(&routes, 0).await["items"], json!([]));
    let says = |key: &str| {
        let path = format!("/v1/bookings/{}/cash", booking(1));
        Request::post(path).header("idempotency-key", key)
    };
    let (rider, support) = (UserId::derive(1, &[b"asha"]), UserId::derive(1, &[b"support"]));
    let no = json!({ "paid": false });
    asked(&routes, Role::Rider, rider, says("rider"), &no).await;
    let open = &waiting(&routes, 1).await["items"][0];
    assert_eq!(open["booking"], booking(1).to_string());
    assert_eq!(open["cases"][0]["about"]["kind"], "cash_disputed");
    let yes = json!({ "paid": true });
    asked(&routes, Role::Support, support, says("support"), &yes).await;
    waiting(&routes, 0).await;

    let again = Request::post(format!("/v1/payments/{}/refund-again", booking(1)));
    let again = again.header("idempotency-key", "again");
    let told = asked(&routes, Role::Support, support, again, &Value::Null).await;
    assert_eq!(told["again"], json!([]), "nothing was refused");
    stop.send_replace(true);
    effects.await.unwrap();
    runners.iter().for_each(tokio::task::JoinHandle::abort);
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
