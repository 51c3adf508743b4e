//! Events: signed, in order, at least once; otherwise when told so.

use crate::fixture::{Hook, Received, SECRET, Sandbox, quick};
use interstate_sandbox::{Config, clock::Clock, webhooks};
use serde_json::json;
use std::time::Duration;

async fn start() -> (Sandbox, Hook) {
    let hook = Hook::start().await;
    let config = Config {
        webhook: Some(hook.endpoint.clone()),
        ..quick()
    };
    (Sandbox::start(config).await, hook)
}

fn names(received: &[Received]) -> Vec<&str> {
    received.iter().map(Received::name).collect()
}

#[tokio::test]
async fn a_payments_life_is_told_in_order_and_signed() {
    let (sandbox, hook) = start().await;
    let merchant = &sandbox.merchant;
    let held = merchant.pay("pm_card_ok", "auth-1").await;
    merchant.capture(held.id(), "cap-1", 40_000).await;
    merchant.refund(held.id(), "ref-1", 100).await;

    let received = hook.events(3).await;
    assert_eq!(
        names(&received),
        [
            "payment_intent.amount_capturable_updated",
            "payment_intent.succeeded",
            "charge.refunded"
        ]
    );
    let told: Vec<_> = received
        .iter()
        .map(|one| (&one.event["reference"], &one.event["sequence"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("auth-1"), &json!(1)),
            (&json!("cap-1"), &json!(2)),
            (&json!("ref-1"), &json!(3))
        ]
    );
    let data = &received[2].event["data"];
    assert_eq!(data["operation"]["amount"], 100);
    assert_eq!(data["payment_intent"]["reference"], "auth-1");
    assert_eq!(
        received[0].event["data"]["payment_intent"], held.body,
        "as it was then"
    );

    let now = Clock.now().seconds();
    for one in &received {
        assert!(webhooks::verify(SECRET, &one.signature, &one.raw, now, 60));
        assert!(!webhooks::verify(
            "another secret",
            &one.signature,
            &one.raw,
            now,
            60
        ));
    }
}

#[tokio::test]
async fn what_time_does_is_told_with_the_authorizations_reference() {
    let hook = Hook::start().await;
    let hold = Duration::from_millis(100);
    let config = Config {
        webhook: Some(hook.endpoint.clone()),
        hold,
        ..quick()
    };
    let sandbox = Sandbox::start(config).await;
    sandbox.merchant.pay("pm_upi_block_ok", "auth-1").await;
    let received = hook.events(2).await;
    assert_eq!(
        names(&received),
        [
            "payment_intent.amount_capturable_updated",
            "payment_intent.canceled"
        ]
    );
    assert!(received.iter().all(|one| one.event["reference"] == "auth-1"));

    sandbox.merchant.pay("pm_upi_fails", "auth-2").await;
    let received = hook.events(3).await;
    assert_eq!(received[2].name(), "payment_intent.payment_failed");
    assert_eq!(
        received[2].event["data"]["payment_intent"]["decline_code"],
        "customer_refused"
    );
}

#[tokio::test]
async fn an_endpoint_that_fails_is_tried_again() {
    let (sandbox, hook) = start().await;
    hook.refuse(3);
    sandbox.merchant.pay("pm_card_ok", "auth-1").await;
    assert_eq!(hook.events(1).await.len(), 1);
    let tally = sandbox.merchant.get("/v1/sandbox/webhook_endpoint").await.body["tally"].clone();
    assert_eq!(tally["failed_attempts"], 3);
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_given_up() {
    let hook = Hook::start().await;
    hook.refuse(u32::MAX);
    let config = Config {
        webhook: Some(hook.endpoint.clone()),
        webhook_attempts: 3,
        ..quick()
    };
    let merchant = Sandbox::start(config).await.merchant;
    merchant.pay("pm_card_ok", "auth-1").await;
    crate::fixture::eventually(|| async {
        let shown = merchant.get("/v1/sandbox/webhook_endpoint").await.body;
        (shown["tally"]["abandoned"] == 1 && shown["pending"] == 0).then_some(())
    })
    .await;
    assert!(hook.received().is_empty());
}

#[tokio::test]
async fn events_repeat_when_told_so() {
    let (sandbox, hook) = start().await;
    sandbox
        .merchant
        .fault(json!({"kind": "webhook_duplicate", "next_n": 1}))
        .await;
    sandbox.merchant.pay("pm_card_ok", "auth-1").await;
    let received = hook.events(2).await;
    assert_eq!(received[0].raw, received[1].raw);
}

#[tokio::test]
async fn events_overtake_each_other_when_told_so() {
    let (sandbox, hook) = start().await;
    sandbox
        .merchant
        .fault(json!({"kind": "webhook_out_of_order", "ms": 300, "next_n": 1}))
        .await;
    let held = sandbox.merchant.pay("pm_card_ok", "auth-1").await;
    sandbox.merchant.capture(held.id(), "cap-1", 50_000).await;
    let received = hook.events(2).await;
    let sequences: Vec<_> = received
        .iter()
        .map(|one| one.event["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, [2, 1]);
}

#[tokio::test]
async fn events_are_lost_when_told_so() {
    let (sandbox, hook) = start().await;
    let rule = json!({"kind": "webhook_drop", "probability": 1.0, "operation": "authorize"});
    sandbox.merchant.fault(rule).await;
    let held = sandbox.merchant.pay("pm_card_ok", "auth-1").await;
    sandbox.merchant.capture(held.id(), "cap-1", 50_000).await;
    assert_eq!(names(&hook.events(1).await), ["payment_intent.succeeded"]);
    let shown = sandbox.merchant.get("/v1/sandbox/webhook_endpoint").await.body;
    assert_eq!(
        (&shown["tally"]["dropped"], &shown["pending"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn an_endpoint_can_be_set_later_and_its_secret_is_never_shown() {
    let hook = Hook::start().await;
    let merchant = Sandbox::start(quick()).await.merchant;
    merchant.pay("pm_card_ok", "before").await;
    let set = json!({"url": hook.endpoint.url, "secret": SECRET});
    let shown = merchant.post("/v1/sandbox/webhook_endpoint", "-", set).await;
    assert_eq!(shown.status, 201);
    assert!(!shown.body.to_string().contains(SECRET));
    merchant.pay("pm_card_ok", "after").await;
    assert_eq!(hook.events(1).await[0].event["reference"], "after");

    let wrong = json!({"url": "ftp://127.0.0.1/", "secret": SECRET});
    assert_eq!(
        merchant
            .post("/v1/sandbox/webhook_endpoint", "-", wrong)
            .await
            .status,
        400
    );
}
