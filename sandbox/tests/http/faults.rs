//! Faults, and how a merchant finds out what became of an unknown outcome.

use crate::fixture::{Sandbox, eventually, payment, quick};
use interstate_sandbox::Config;
use serde_json::json;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_millis(150);

#[tokio::test]
async fn a_timeout_with_effect_is_found_by_reference_and_not_repeated() {
    let merchant = Sandbox::start(quick()).await.merchant;
    merchant
        .fault(json!({"kind": "timeout_with_effect", "next_n": 1, "operation": "authorize"}))
        .await;

    let body = payment("pm_card_ok", "auth-1");
    assert_eq!(
        merchant
            .try_post("/v1/payment_intents", "auth-1", body, PATIENCE)
            .await,
        None
    );

    let found = merchant.get("/v1/payment_intents?reference=auth-1").await;
    assert_eq!(found.body["data"][0]["status"], "requires_capture");
    assert_eq!(merchant.operations("auth-1").await.len(), 1);
    let again = merchant.pay("pm_card_ok", "auth-1").await;
    assert!(again.replayed);
    assert_eq!(again.body["id"], found.body["data"][0]["id"]);
}

#[tokio::test]
async fn a_timeout_without_effect_leaves_nothing() {
    let merchant = Sandbox::start(quick()).await.merchant;
    merchant
        .fault(json!({"kind": "timeout_without_effect", "next_n": 1}))
        .await;
    let body = payment("pm_card_ok", "auth-1");
    assert_eq!(
        merchant
            .try_post("/v1/payment_intents", "auth-1", body, PATIENCE)
            .await,
        None
    );
    assert!(merchant.operations("auth-1").await.is_empty());
    assert!(!merchant.pay("pm_card_ok", "auth-1").await.replayed);
}

#[tokio::test]
async fn a_500_leaves_nothing_and_the_key_can_be_used_again() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let held = merchant.pay("pm_card_ok", "auth-1").await;
    merchant
        .fault(json!({"kind": "error_500_without_effect", "next_n": 1, "operation": "refund"}))
        .await;
    merchant.capture(held.id(), "cap-1", 50_000).await;
    assert_eq!(
        merchant.refund(held.id(), "ref-1", 500).await.error(),
        (500, "internal_error")
    );
    assert!(merchant.operations("ref-1").await.is_empty());
    assert_eq!(merchant.refund(held.id(), "ref-1", 500).await.status, 200);
    assert_eq!(
        merchant.get("/v1/refunds?reference=ref-1").await.body["data"][0]["amount"],
        500
    );
}

#[tokio::test]
async fn a_slow_request_takes_effect_after_its_client_has_left_and_asked() {
    let merchant = Sandbox::start(quick()).await.merchant;
    merchant
        .fault(json!({"kind": "slow", "ms": 600, "next_n": 1}))
        .await;
    let body = payment("pm_card_ok", "auth-1");
    assert_eq!(
        merchant
            .try_post("/v1/payment_intents", "auth-1", body, PATIENCE)
            .await,
        None
    );
    assert!(merchant.operations("auth-1").await.is_empty(), "not yet");
    eventually(|| async { (!merchant.operations("auth-1").await.is_empty()).then_some(()) }).await;
    assert!(merchant.pay("pm_card_ok", "auth-1").await.replayed);
}

#[tokio::test]
async fn the_slow_card_is_slow() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let start = Instant::now();
    assert_eq!(
        merchant.pay("pm_card_slow", "auth-1").await.body["status"],
        "requires_capture"
    );
    assert!(start.elapsed() >= quick().slow);
}

#[tokio::test]
async fn a_hang_ends_by_itself() {
    let hang = Duration::from_millis(100);
    let merchant = Sandbox::start(Config { hang, ..quick() }).await.merchant;
    merchant
        .fault(json!({"kind": "timeout_without_effect", "next_n": 1}))
        .await;
    assert_eq!(
        merchant.pay("pm_card_ok", "auth-1").await.error(),
        (504, "timed_out")
    );
}

#[tokio::test]
async fn a_sandbox_that_stops_waits_for_no_hang() {
    let sandbox = Sandbox::start(quick()).await;
    let merchant = sandbox.merchant.clone();
    merchant
        .fault(json!({"kind": "timeout_without_effect", "next_n": 1}))
        .await;
    let hanging = tokio::spawn(async move { merchant.pay("pm_card_ok", "auth-1").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    sandbox.stop().await;
    assert_eq!(hanging.await.unwrap().status, 504);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn queries_can_fail_too_and_rules_can_be_seen_and_ended() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let rule = json!({"kind": "error_500_without_effect", "probability": 1.0, "operation": "query"});
    merchant.fault(rule).await;
    assert_eq!(merchant.get("/v1/operations?reference=a").await.status, 500);
    let rules = merchant.get("/v1/sandbox/faults").await.body;
    assert_eq!(rules["data"][0]["kind"], "error_500_without_effect");
    assert_eq!(rules["data"][0]["fired"], 1);
    assert_eq!(merchant.delete("/v1/sandbox/faults/99").await, 404);
    assert_eq!(merchant.delete("/v1/sandbox/faults").await, 204);
    assert_eq!(merchant.get("/v1/operations?reference=a").await.status, 200);
}
