//! Holding, capturing, releasing, refunding.

use crate::fixture::{Sandbox, payment, quick};
use interstate_sandbox::Config;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_card_is_held_captured_in_part_and_refunded() {
    let merchant = Sandbox::start(quick()).await.merchant;

    let held = merchant.pay("pm_card_ok", "auth-1").await;
    assert_eq!(held.status, 200);
    assert_eq!(held.body["status"], "requires_capture");
    assert_eq!(held.body["amount_capturable"], 50_000);
    assert_eq!(held.body["metadata"], json!({"booking": "b-1"}));

    let captured = merchant.capture(held.id(), "cap-1", 30_000).await;
    assert_eq!(captured.body["status"], "succeeded");
    assert_eq!(captured.body["amount_captured"], 30_000);
    assert_eq!(captured.body["amount_capturable"], 0);

    let refund = merchant.refund(held.id(), "ref-1", 10_000).await;
    assert_eq!(refund.body["object"], "refund");
    assert_eq!(refund.body["status"], "succeeded");
    assert!(refund.id().starts_with("re_"));
    assert_eq!(
        merchant.refund(held.id(), "ref-2", 20_001).await.error(),
        (400, "refund_too_large")
    );

    let now = merchant.get(&format!("/v1/payment_intents/{}", held.id())).await;
    assert_eq!(now.body["amount_refunded"], 10_000);
    assert_eq!(now.body["sequence"], 3, "held, succeeded, refunded");
}

#[tokio::test]
async fn an_automatic_card_is_taken_at_once() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let mut body = payment("pm_card_ok", "auth-1");
    body["capture"] = json!("automatic");
    let taken = merchant.post("/v1/payment_intents", "k", body).await;
    assert_eq!(taken.body["status"], "succeeded");
    assert_eq!(taken.body["amount_captured"], 50_000);
}

#[tokio::test]
async fn a_released_hold_is_gone() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let held = merchant.pay("pm_card_ok", "auth-1").await;
    let released = merchant.cancel(held.id(), "void-1").await;
    assert_eq!(released.body["status"], "canceled");
    assert_eq!(released.body["cancellation_reason"], "requested");
    assert_eq!(released.body["amount_authorized"], 50_000, "what had been held");
    assert_eq!(
        merchant.capture(held.id(), "cap-1", 1).await.error(),
        (400, "unexpected_state")
    );
}

#[tokio::test]
async fn a_declined_card_says_why() {
    let merchant = Sandbox::start(quick()).await.merchant;
    for (method, code) in [
        ("pm_card_declined", "card_declined"),
        ("pm_card_insufficient_funds", "insufficient_funds"),
        ("pm_card_expired", "expired_card"),
    ] {
        let declined = merchant.pay(method, method).await;
        assert_eq!(
            (&declined.body["status"], &declined.body["decline_code"]),
            (&json!("failed"), &json!(code))
        );
        let operation = &merchant.operations(method).await[0];
        assert_eq!(
            (&operation["status"], &operation["code"]),
            (&json!("failed"), &json!(code))
        );
    }
}

#[tokio::test]
async fn a_upi_customer_answers_later() {
    let merchant = Sandbox::start(quick()).await.merchant;
    for (method, end) in [
        ("pm_upi_ok", "succeeded"),
        ("pm_upi_fails", "failed"),
        ("pm_upi_block_ok", "requires_capture"),
        ("pm_upi_block_fails", "failed"),
    ] {
        let asked = merchant.pay(method, method).await;
        assert_eq!(asked.body["status"], "processing", "{method}");
        merchant.until(asked.id(), end).await;
        let again = merchant.pay(method, method).await;
        assert_eq!(
            again.body["status"], "processing",
            "a repeat gets the answer of that time"
        );
    }
    assert_eq!(merchant.operations("pm_upi_ok").await[0]["status"], "succeeded");
    assert_eq!(
        merchant.operations("pm_upi_fails").await[0]["code"],
        "customer_refused"
    );
}

#[tokio::test]
async fn a_hold_expires() {
    let hold = Duration::from_millis(200);
    let merchant = Sandbox::start(Config { hold, ..quick() }).await.merchant;
    let held = merchant.pay("pm_card_ok", "auth-1").await;
    let expired = merchant.until(held.id(), "canceled").await;
    assert_eq!(expired["cancellation_reason"], "expired");
    assert_eq!(
        merchant.capture(held.id(), "cap-1", 50_000).await.error(),
        (400, "hold_expired")
    );
    assert_eq!(merchant.operations("cap-1").await[0]["code"], "hold_expired");
}

#[tokio::test]
async fn a_later_hold_does_not_delay_an_earlier_answer() {
    // The sweep sleeps until the hold's end, a week away, when the UPI payment comes in.
    let merchant = Sandbox::start(quick()).await.merchant;
    merchant.pay("pm_card_ok", "auth-1").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked = merchant.pay("pm_upi_ok", "auth-2").await;
    merchant.until(asked.id(), "succeeded").await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_parameter() {
    let merchant = Sandbox::start(quick()).await.merchant;
    for (field, value) in [
        ("amount", json!(0)),
        ("currency", json!("rupees")),
        ("payment_method", json!("pm_unheard_of")),
        ("payment_method", json!("pm_upi_ok")),
        ("reference", json!("")),
    ] {
        let mut body = payment("pm_card_ok", "r");
        body[field] = value.clone();
        let refused = merchant.post("/v1/payment_intents", "k", body).await;
        assert_eq!(refused.error(), (400, "parameter_invalid"), "{field}: {value}");
        assert_eq!(refused.body["error"]["param"], field);
    }
    let mut held_upi = payment("pm_upi_ok", "r");
    held_upi["capture"] = json!("manual");
    assert_eq!(
        merchant.post("/v1/payment_intents", "k", held_upi).await.body["error"]["param"],
        "capture"
    );
    assert!(
        merchant.operations("r").await.is_empty(),
        "nothing of it is in the book"
    );
}

#[tokio::test]
async fn errors_are_json_whatever_was_asked() {
    let merchant = Sandbox::start(Config {
        max_body: 1000,
        ..quick()
    })
    .await
    .merchant;
    assert_eq!(merchant.get("/v2").await.error(), (404, "resource_missing"));
    assert_eq!(
        merchant.get("/v1/payment_intents/nonsense").await.error(),
        (404, "resource_missing")
    );
    assert_eq!(
        merchant.get("/v1/operations").await.error(),
        (400, "request_unreadable")
    );
    assert_eq!(
        merchant.post("/v1/book", "k", json!({})).await.error(),
        (405, "method_not_allowed")
    );
    assert_eq!(
        merchant
            .post("/v1/refunds", "k", json!({"amount": "x"}))
            .await
            .error(),
        (400, "parameter_invalid")
    );
    let large = json!({"reference": "x".repeat(2000)});
    assert_eq!(
        merchant.post("/v1/refunds", "k", large).await.error(),
        (413, "request_unreadable")
    );
    let nobody = "pi_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    assert_eq!(
        merchant.capture(nobody, "k", 1).await.error(),
        (404, "resource_missing")
    );
    assert_eq!(merchant.get("/health").await.body["status"], "ok");
}
