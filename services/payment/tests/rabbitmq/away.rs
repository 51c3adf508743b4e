//! The broker goes and comes back while trips are paid. What the provider's own book says is what happened.

use crate::{
    node::{Node, capture, card},
    process::Process,
    sandbox_server::Sandbox,
};
use interstate_engines::Engine;
use interstate_jobs::{Jobs, Link};
use serde_json::json;
use std::time::Duration;

const TRIPS: u32 = 90;

/// Pays trips, a third of them before the broker goes, a third while it is away, a third after; each is paid once.
async fn paid_once(away: impl AsyncFn(&mut Engine), back: impl AsyncFn(&mut Engine)) {
    let (node, sandbox) = (Node::start().await, Sandbox::start().await);
    let mut broker = Engine::start("rabbitmq");
    // The provider has its own troubles meanwhile.
    for (kind, next_n) in [("error_500_without_effect", 5), ("timeout_with_effect", 2)] {
        sandbox
            .fault(json!({"kind": kind, "operation": "authorize", "next_n": next_n}))
            .await;
    }
    let owner = Process::owner(&node, &broker, sandbox.provider()).await;
    let other = Process::other(&node, &broker, sandbox.provider()).await;
    let pay = async |trips: std::ops::Range<u32>| {
        for n in trips {
            node.tell(n, capture(n, card("pm_card_ok"))).await;
        }
    };
    pay(0..TRIPS / 3).await;
    away(&mut broker).await;
    pay(TRIPS / 3..TRIPS * 2 / 3).await;
    // Until both have seen it: a short silence is none.
    for process in [&owner, &other] {
        for _ in 0..600 {
            if process.jobs.standing().link != Link::Up {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_ne!(process.jobs.standing().link, Link::Up, "nobody has noticed");
    }
    back(&mut broker).await;
    pay(TRIPS * 2 / 3..TRIPS).await;
    for _ in 0..6 {
        if node.count("payment.captured.v1").await >= TRIPS as usize {
            break;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    node.until("payment.captured.v1", TRIPS as usize).await;
    assert_eq!(sandbox.book().await, vec![(94_000, 0); TRIPS as usize]);
    owner.until_empty(0).await;
    assert!(other.jobs.standing().taken > 0, "one process did all the work");
    owner.stop().await;
    other.stop().await;
    node.stop().await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_comes_back_costs_no_payment_and_doubles_none() {
    paid_once(async |broker| broker.kill(), async |broker| broker.again()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stands_still_and_goes_on_costs_no_payment_and_doubles_none() {
    paid_once(async |broker| broker.pause(), async |broker| broker.resume()).await;
}
