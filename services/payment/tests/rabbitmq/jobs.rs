//! What a job does, and what it cannot do.

use crate::{
    fake::{Fake, Fault},
    node::{Node, capture, card},
    process::{Process, options},
};
use interstate_engines::Engine;
use interstate_jobs::{Cause, Job, Jobs, Options};
use interstate_payment::{domain::PaymentEvent, effects::Positions};
use std::time::Duration;

const OK: &str = "pm_card_ok";

/// The jobs that were made for what has been requested so far.
async fn made(node: &Node) -> Vec<Job> {
    let events = node.events().await.into_iter();
    let jobs = events.filter_map(|event| match event.decode::<PaymentEvent>().ok()? {
        PaymentEvent::OperationRequested(request) => {
            let cause = Cause {
                partition: 0,
                sequence: event.sequence,
            };
            Some(Job::new(request.operation.to_string(), cause))
        }
        _ => None,
    });
    jobs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_with_a_job_is_followed_by_another_that_asks_first() {
    let (node, broker) = (Node::start().await, Engine::start("rabbitmq"));
    // It answers nobody.
    let provider = Fake::closed();
    let dying = Process::owner(&node, &broker, provider.clone()).await;
    node.tell(1, capture(1, card(OK))).await;
    while provider.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let other = Process::other(&node, &broker, provider.clone()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(provider.calls(), ["charge"], "a job that is held came to another");
    dying.stop().await;
    provider.open();
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.effects(), [1]);
    assert_eq!(provider.calls()[1], "find", "another one asks first");
    other.until_empty(0).await;
    other.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_for_what_is_done_or_never_was_ends_without_effect() {
    let (node, broker) = (Node::start().await, Engine::start("rabbitmq"));
    let provider = Fake::new();
    let process = Process::owner(&node, &broker, provider.clone()).await;
    node.tell(1, capture(1, card(OK))).await;
    node.until("payment.captured.v1", 1).await;
    let before = provider.calls();
    let again = made(&node).await;
    assert_eq!(again.len(), 1);
    for job in again {
        for _ in 0..10 {
            process.jobs.enqueue(&job).await.unwrap();
        }
        let never = interstate_schemas::OperationId::derive(9, &[b"never"]);
        process
            .jobs
            .enqueue(&Job::new(never.to_string(), job.cause))
            .await
            .unwrap();
    }
    process.until_empty(0).await;
    assert_eq!(provider.calls(), before);
    assert_eq!(provider.effects(), [1]);
    process.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_about_nothing_of_ours_is_put_aside_and_the_others_go_on() {
    let (node, broker) = (Node::start().await, Engine::start("rabbitmq"));
    let provider = Fake::new();
    let process = Process::owner(&node, &broker, provider.clone()).await;
    let cause = Cause {
        partition: 0,
        sequence: 1,
    };
    process.jobs.enqueue(&Job::new("bkg_1", cause)).await.unwrap();
    node.tell(1, capture(1, card(OK))).await;
    node.until("payment.captured.v1", 1).await;
    process.until_empty(1).await;
    let why = process.jobs.standing().why_dead;
    assert!(
        why.iter().any(|why| why.contains("no payment operation's id")),
        "{why:?}"
    );
    process.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_no_end_yet_is_visited_again_by_whoever_has_time() {
    let (node, broker) = (Node::start().await, Engine::start("rabbitmq"));
    let faults = [Fault::TimeoutWithoutEffect, Fault::TimeoutWithEffect];
    let provider = Fake::new().fail(faults);
    let owner = Process::owner(&node, &broker, provider.clone()).await;
    let other = Process::other(&node, &broker, provider.clone()).await;
    node.tell(1, capture(1, card(OK))).await;
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.calls(), ["charge", "find", "charge", "find"]);
    assert_eq!(provider.effects(), [1]);
    owner.until_empty(0).await;
    owner.stop().await;
    other.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_makes_a_visit_now_whichever_process_it_reaches() {
    let (node, broker) = (Node::start().await, Engine::start("rabbitmq"));
    let provider = Fake::new().fail([Fault::Pending]);
    let slow = || Options {
        delays: vec![Duration::from_secs(600)],
        ..options()
    };
    let owner = Process::start(&node, &broker, provider.clone(), true, slow()).await;
    let other = Process::start(&node, &broker, provider.clone(), false, slow()).await;
    node.tell(1, capture(1, card(OK))).await;
    let approved = loop {
        let approved = provider.approve();
        if !approved.is_empty() {
            break approved;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    // The visit that saw it pending has to be over: until then it is that visit which is woken.
    while owner.jobs.standing().delayed == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.worker.wakes.wake(approved[0]);
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.effects(), [1]);
    owner.stop().await;
    other.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_that_a_webhook_makes_is_not_the_operations_last() {
    let (node, broker) = (Node::start().await, Engine::start("rabbitmq"));
    let provider = Fake::new().fail([Fault::TimeoutWithoutEffect]);
    let soon = Options {
        delays: vec![Duration::from_secs(1)],
        ..options()
    };
    let process = Process::start(&node, &broker, provider.clone(), true, soon).await;
    node.tell(1, capture(1, card(OK))).await;
    while process.jobs.standing().delayed == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The operation's own job comes back while the webhook's visit is still at it.
    provider.close();
    let operation = made(&node).await[0].subject.parse().unwrap();
    process.worker.wakes.wake(operation);
    while provider.calls() != ["charge", "find", "charge"] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let provider = provider.fail([Fault::TimeoutWithoutEffect]);
    provider.open();
    node.until("payment.captured.v1", 1).await;
    assert_eq!(provider.effects(), [1]);
    process.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_full_keeps_operations_waiting_in_the_log() {
    let (node, broker) = (Node::start().await, Engine::start("rabbitmq"));
    let provider = Fake::closed();
    let short = Options {
        most_waiting: 5,
        prefetch: 1,
        ..options()
    };
    let process = Process::start(&node, &broker, provider.clone(), true, short).await;
    // The broker looks at the length after it has taken a job: all of a burst may be in before the first is refused.
    let mut told = 0;
    while process.jobs.standing().refused == 0 {
        assert!(told < 200, "the queue takes everything");
        node.tell(told, capture(told, card(OK))).await;
        told += 1;
        if told >= 30 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    provider.open();
    node.until("payment.captured.v1", told as usize).await;
    assert_eq!(provider.effects(), vec![1; told as usize]);
    process.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_position_does_not_move_before_the_broker_has_confirmed() {
    let (node, mut broker) = (Node::start().await, Engine::start("rabbitmq"));
    broker.stop();
    let provider = Fake::new();
    let process = Process::owner(&node, &broker, provider.clone()).await;
    let before = node.positions.load(0).unwrap();
    for n in 0..20 {
        node.tell(n, capture(n, card(OK))).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(node.positions.load(0).unwrap(), before);
    assert!(
        provider.calls().is_empty(),
        "something is carried out past the queue"
    );
    broker.again();
    node.until("payment.captured.v1", 20).await;
    assert_eq!(provider.effects(), [1; 20]);
    for _ in 0..500 {
        if node.positions.load(0).unwrap().sequence > before.sequence {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(node.positions.load(0).unwrap().sequence > before.sequence);
    process.stop().await;
    node.stop().await;
}
