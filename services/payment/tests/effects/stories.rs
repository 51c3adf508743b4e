use crate::{
    fake::{Fake, Fault},
    node::{Node, booking, capture, card, hold, quick},
};
use interstate_eventing::projection::Position;
use interstate_payment::{
    domain::Command,
    effects::{EffectsOptions, Positions},
};
use interstate_schemas::Money;
use std::time::Duration;

const OK: &str = "pm_card_ok";

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_times_out_with_effect_is_found_and_not_sent_again() {
    let node = Node::start().await;
    let provider = Fake::new().fail([Fault::TimeoutWithEffect]);
    let worker = node.worker(provider.clone(), quick());
    node.tell(1, capture(1, card(OK))).await;
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.calls(), ["charge", "find"]);
    assert_eq!(provider.effects(), [1]);
    worker.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_times_out_without_effect_is_asked_for_and_then_sent_with_the_same_key() {
    let node = Node::start().await;
    let provider = Fake::new().fail([Fault::TimeoutWithoutEffect, Fault::TimeoutWithoutEffect]);
    let worker = node.worker(provider.clone(), quick());
    node.tell(1, capture(1, card(OK))).await;
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.calls(), ["charge", "find", "charge", "find", "charge"]);
    assert_eq!(provider.effects(), [1]);
    worker.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_takes_effect_after_we_have_asked_counts_once() {
    let node = Node::start().await;
    let provider = Fake::new().fail([Fault::Slow]);
    let worker = node.worker(provider.clone(), quick());
    node.tell(1, capture(1, card(OK))).await;
    node.until("payment.captured.v1", 1).await;
    assert_eq!(
        provider.calls(),
        ["charge", "find", "charge"],
        "the provider had not heard of it"
    );
    assert_eq!(provider.effects(), [1]);
    worker.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_hold_closes_its_operation() {
    let node = Node::start().await;
    let worker = node.worker(Fake::new().fail([Fault::Decline]), quick());
    node.tell(1, hold(1, card(OK))).await;
    node.until("payment.hold_refused.v1", 1).await;
    worker.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_died_after_the_provider_had_done_it_is_followed_by_one_that_asks_first() {
    let node = Node::start().await;
    let provider = Fake::new().fail([Fault::TimeoutWithEffect]);
    // So long a wait that the first worker dies before it asks what became of it.
    let patient = EffectsOptions {
        first_wait: Duration::from_secs(60),
        ..quick()
    };
    let patient = EffectsOptions {
        longest_wait: Duration::from_secs(60),
        ..patient
    };
    let first = node.worker(provider.clone(), patient);
    node.tell(1, capture(1, card(OK))).await;
    while provider.effects().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.stop().await;
    let second = node.worker(provider.clone(), quick());
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.calls(), ["charge", "find"]);
    assert_eq!(provider.effects(), [1]);
    second.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_waits_for_the_rider_is_looked_at_when_a_webhook_says_so() {
    let node = Node::start().await;
    let provider = Fake::new().fail([Fault::Pending]);
    let slow = EffectsOptions {
        first_wait: Duration::from_secs(60),
        longest_wait: Duration::from_secs(60),
        ..quick()
    };
    let worker = node.worker(provider.clone(), slow);
    node.tell(1, capture(1, card(OK))).await;
    let approved = loop {
        let approved = provider.approve();
        if !approved.is_empty() {
            break approved;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    // Twice, as webhooks come.
    worker.wakes.wake(approved[0]);
    worker.wakes.wake(approved[0]);
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.effects(), [1]);
    worker.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_carried_out_side_by_side_but_not_too_many() {
    let node = Node::start().await;
    let provider = Fake::closed();
    let worker = node.worker(provider.clone(), quick());
    for n in 0..20 {
        node.tell(n, capture(n, card(OK))).await;
    }
    while provider.most_at_once() < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(provider.most_at_once(), 4);
    provider.open();
    node.until("payment.captured.v1", 20).await;
    assert_eq!(provider.effects(), [1; 20]);
    worker.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_position_never_passes_an_operation_that_is_open() {
    let node = Node::start().await;
    // The first one stays open; everything after it ends.
    let provider = Fake::new().fail([Fault::Pending]);
    let worker = node.worker(provider.clone(), quick());
    node.tell(1, capture(1, card(OK))).await;
    while provider.calls().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = node.positions.load(0).unwrap();
    for n in 2..8 {
        node.tell(n, capture(n, card(OK))).await;
    }
    node.until("payment.captured.v1", 6).await;
    assert_eq!(node.positions.load(0).unwrap(), before);
    worker.stop().await;

    let second = node.worker(provider.clone(), quick());
    provider.approve();
    node.until("payment.captured.v1", 7).await;
    let mut moved: Position = node.positions.load(0).unwrap();
    for _ in 0..200 {
        if moved.sequence > before.sequence {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        moved = node.positions.load(0).unwrap();
    }
    assert!(moved.sequence > before.sequence, "nothing is open any more");
    assert_eq!(provider.effects(), [1; 7]);
    second.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_story_goes_through_the_worker() {
    let node = Node::start().await;
    let provider = Fake::new();
    let worker = node.worker(provider.clone(), quick());
    node.tell(1, hold(1, card(OK))).await;
    node.until("payment.held.v1", 1).await;
    node.tell(1, capture(1, card(OK))).await;
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
    assert_eq!(provider.calls(), ["hold", "capture", "refund"]);
    worker.stop().await;
    node.stop().await;
}

/// The same story as the first, with the bug that a simulator has to find.
#[cfg(feature = "planted")]
#[tokio::test]
async fn a_blind_repeat_charges_twice() {
    use interstate_eventing::plant::{Bug, switch};
    let node = Node::start().await;
    let provider = Fake::new().fail([Fault::TimeoutWithEffect]);
    switch(Some(Bug::DoubleCaptureAfterTimeout));
    let worker = node.worker(provider.clone(), quick());
    node.tell(1, capture(1, card(OK))).await;
    node.until("payment.captured.v1", 1).await;
    switch(None);
    assert_eq!(provider.effects(), [2]);
    worker.stop().await;
    node.stop().await;
}
