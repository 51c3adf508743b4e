//! The adapter against the sandbox provider itself.

use crate::{
    node::{Node, booking, capture, card, hold, quick},
    sandbox_server::Sandbox,
};
use interstate_payment::{domain::Command, effects::WebhookSecret};
use interstate_sandbox::webhooks;
use interstate_schemas::{Money, PaymentMethod, Timestamp};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn hold_capture_and_refund_stand_in_the_providers_book() {
    let (node, sandbox) = (Node::start().await, Sandbox::start().await);
    let worker = node.worker(sandbox.provider(), quick());
    node.tell(1, hold(1, card("pm_card_ok"))).await;
    node.until("payment.held.v1", 1).await;
    node.tell(1, capture(1, card("pm_card_ok"))).await;
    node.until("payment.captured.v1", 1).await;
    let (reference, fee) = ("cancel".to_owned(), Money::inr(10_000));
    node.tell(
        1,
        Command::Refund {
            booking: booking(1),
            amount: None,
            fee,
            reference,
            compensation: None,
        },
    )
    .await;
    node.until("payment.refunded.v1", 1).await;
    assert_eq!(sandbox.book().await, [(94_000, 84_000)]);
    worker.stop().await;
    node.stop().await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upi_is_blocked_or_charged_when_the_rider_has_answered() {
    let (node, sandbox) = (Node::start().await, Sandbox::start().await);
    let worker = node.worker(sandbox.provider(), quick());
    let upi = || PaymentMethod::Upi {
        token: "pm_upi_ok".to_owned(),
    };
    node.tell(1, hold(1, upi())).await;
    node.tell(2, capture(2, upi())).await;
    node.until("payment.held.v1", 1).await;
    node.until("payment.captured.v1", 1).await;
    node.tell(1, Command::Void { booking: booking(1) }).await;
    node.until("payment.voided.v1", 1).await;
    node.tell(
        3,
        hold(
            3,
            PaymentMethod::Upi {
                token: "pm_upi_fails".to_owned(),
            },
        ),
    )
    .await;
    node.until("payment.hold_refused.v1", 1).await;
    let mut book = sandbox.book().await;
    book.sort();
    assert_eq!(book, [(0, 0), (0, 0), (94_000, 0)]);
    worker.stop().await;
    node.stop().await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_timeouts_end_in_exactly_one_charge_each() {
    let (node, sandbox) = (Node::start().await, Sandbox::start().await);
    sandbox
        .fault(json!({"kind": "error_500_without_effect", "operation": "authorize", "next_n": 2}))
        .await;
    sandbox
        .fault(json!({"kind": "timeout_with_effect", "operation": "authorize", "next_n": 1}))
        .await;
    let worker = node.worker(sandbox.provider(), quick());
    for n in 0..3 {
        node.tell(n, capture(n, card("pm_card_ok"))).await;
    }
    node.until("payment.captured.v1", 3).await;
    assert_eq!(sandbox.book().await, [(94_000, 0); 3]);
    worker.stop().await;
    node.stop().await;
    sandbox.stop().await;
}

#[test]
fn what_the_sandbox_signs_is_believed() {
    let header = webhooks::sign("0123456789abcdef", 1_700_000_000, b"{}");
    let secret = WebhookSecret::new("0123456789abcdef");
    assert!(secret.verify(&header, b"{}", Timestamp::from_second(1_700_000_030).unwrap()));
    assert!(!secret.verify(&header, b"{ }", Timestamp::from_second(1_700_000_030).unwrap()));
}
