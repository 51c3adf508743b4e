//! The whole book, to hold against one's own ledger.

use crate::fixture::{Sandbox, quick};
use serde_json::json;

#[tokio::test]
async fn the_book_has_every_amount_and_what_became_of_each_reference() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let paid = merchant.pay("pm_card_ok", "auth-1").await;
    merchant.capture(paid.id(), "cap-1", 60_000).await;
    merchant.capture(paid.id(), "cap-2", 50_000).await;
    merchant.refund(paid.id(), "ref-1", 500).await;

    let book = merchant.get("/v1/book").await.body;
    let account = &book["data"][0];
    assert_eq!(account["amount_authorized"], 50_000);
    assert_eq!(account["amount_captured"], 50_000);
    assert_eq!(account["amount_refunded"], 500);
    let operations: Vec<_> = account["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            json!([
                one["reference"],
                one["kind"],
                one["amount"],
                one["status"],
                one["code"]
            ])
        })
        .collect();
    assert_eq!(
        operations,
        [
            json!(["auth-1", "authorize", 50_000, "succeeded", null]),
            json!(["cap-1", "capture", 60_000, "failed", "amount_too_large"]),
            json!(["cap-2", "capture", 50_000, "succeeded", null]),
            json!(["ref-1", "refund", 500, "succeeded", null]),
        ]
    );
}

#[tokio::test]
async fn the_book_is_read_page_by_page() {
    let merchant = Sandbox::start(quick()).await.merchant;
    for n in 0..7 {
        merchant.pay("pm_card_ok", &format!("auth-{n}")).await;
    }
    let (mut references, mut path) = (Vec::new(), "/v1/book?limit=3".to_owned());
    loop {
        let page = merchant.get(&path).await.body;
        references.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["reference"].clone()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/book?limit=3&after={next}");
    }
    assert_eq!(
        references,
        (0..7).map(|n| json!(format!("auth-{n}"))).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_merchant_that_sends_blindly_is_seen_to_have_charged_twice() {
    let merchant = Sandbox::start(quick()).await.merchant;
    let body = crate::fixture::payment("pm_card_ok", "auth-1");
    merchant.post("/v1/payment_intents", "key-1", body.clone()).await;
    merchant.post("/v1/payment_intents", "key-2", body).await;
    assert_eq!(merchant.operations("auth-1").await.len(), 2);
}
