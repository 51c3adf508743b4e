//! The same key is the same operation.

use crate::fixture::{Sandbox, payment, quick};
use serde_json::json;

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_changes_nothing() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let first = merchant.pay("pm_card_ok", "auth-1").await;
    merchant.capture(first.id(), "cap-1", 50_000).await;
    merchant.refund(first.id(), "ref-1", 100).await;

    let again = merchant.pay("pm_card_ok", "auth-1").await;
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.body, first.body, "as it was then, not as it is now");
    assert!(merchant.refund(first.id(), "ref-1", 100).await.replayed);
    let now = merchant.get(&format!("/v1/payment_intents/{}", first.id())).await;
    assert_eq!(now.body["amount_refunded"], 100);
}

#[tokio::test]
async fn a_refusal_is_repeated_as_well() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let held = merchant.pay("pm_card_ok", "auth-1").await;
    let refused = merchant.capture(held.id(), "cap-1", 60_000).await;
    assert_eq!(refused.error(), (400, "amount_too_large"));
    merchant.cancel(held.id(), "void-1").await;
    let again = merchant.capture(held.id(), "cap-1", 60_000).await;
    assert_eq!((again.body, again.replayed), (refused.body, true));
}

#[tokio::test]
async fn a_key_cannot_be_used_for_another_request() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let held = merchant.pay("pm_card_ok", "auth-1").await;
    let mut other = payment("pm_card_ok", "auth-1");
    other["amount"] = json!(1);
    let refused = merchant.post("/v1/payment_intents", "auth-1", other).await;
    assert_eq!(refused.error(), (409, "idempotency_key_reused"));
    assert_eq!(refused.body["error"]["type"], "idempotency_error");
    let path = format!("/v1/payment_intents/{}/cancel", held.id());
    assert_eq!(
        merchant.post(&path, "auth-1", json!({})).await.status,
        409,
        "another path"
    );
}

#[tokio::test]
async fn a_key_is_required() {
    let sandbox = Sandbox::start(quick()).await;
    let refused = sandbox
        .merchant
        .post("/v1/payment_intents", "", payment("pm_card_ok", "r"))
        .await;
    assert_eq!(refused.error(), (400, "idempotency_key_required"));
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let merchant = merchant.clone();
        requests.spawn(async move { merchant.pay("pm_card_ok", "auth-1").await });
    }
    let replies = requests.join_all().await;
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1);
    assert_eq!(merchant.operations("auth-1").await.len(), 1);
}

#[tokio::test]
async fn without_a_reference_an_operation_is_called_after_its_key() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let held = merchant.pay("pm_card_ok", "auth-1").await;
    let path = format!("/v1/payment_intents/{}/capture", held.id());
    let captured = merchant.post(&path, "key-7", json!({})).await;
    assert_eq!(
        captured.body["amount_captured"], 50_000,
        "without an amount, all of it"
    );
    assert_eq!(merchant.operations("key-7").await[0]["kind"], "capture");
}
