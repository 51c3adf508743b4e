//! One of several instances is frozen, slow or refuses: the others answer, and it is told apart.

use crate::fixture::{Instance, Manner, QUESTION, ask, client, within};
use interstate_grpc::{BreakerState, Client, ClientOptions};
use std::time::Duration;
use tonic::Status;

/// Quick for as long as it takes to know what is usual.
const QUICK: usize = 40;
const FOREVER: Duration = Duration::from_secs(600);

async fn two(first: Manner) -> (Instance, Instance) {
    (
        Instance::start(first).await,
        Instance::start(Manner::default()).await,
    )
}

async fn asked_of(client: &Client, number: usize) {
    let answer = ask(client, QUESTION.hedged(0.95), &format!("bkg_{number}")).await;
    assert!(answer.is_ok(), "question {number}: {answer:?}");
}

#[tokio::test]
async fn a_frozen_instance_is_found_out_although_hedges_win() {
    let freezes = Manner {
        takes: Some(|number| if number < QUICK { Duration::ZERO } else { FOREVER }),
        ..Manner::default()
    };
    let (frozen, quick) = two(freezes).await;
    let options = ClientOptions {
        attempt: Duration::from_millis(300),
        failures: 3,
        rest: FOREVER,
        ..ClientOptions::default()
    };
    let (client, _) = client(&[frozen.address, quick.address], options);
    let mut number = 0;
    within("its breaker opens", async || {
        for _ in 0..20 {
            asked_of(&client, number).await;
            number += 1;
        }
        client.breakers()[0].1 == BreakerState::Open
    })
    .await;
    assert!(frozen.asked() >= QUICK + 3, "{}", frozen.asked());
    let before = frozen.asked();
    for number in 0..40 {
        asked_of(&client, number).await;
    }
    assert_eq!(frozen.asked(), before, "it is left alone");
    assert_eq!(client.breakers()[1].1, BreakerState::Closed);
}

#[tokio::test]
async fn an_instance_that_is_only_slow_is_not_shut_out() {
    let slows_down = Manner {
        takes: Some(|number| Duration::from_millis(if number < QUICK { 0 } else { 100 })),
        ..Manner::default()
    };
    let (slow, quick) = two(slows_down).await;
    let options = ClientOptions {
        deadline: Duration::from_secs(15),
        attempt: Duration::from_secs(15),
        failures: 1,
        rest: FOREVER,
        ..ClientOptions::default()
    };
    let (client, metrics) = client(&[slow.address, quick.address], options);
    let mut number = 0;
    within("it is asked now and then", async || {
        asked_of(&client, number).await;
        number += 1;
        slow.asked() >= QUICK + 5
    })
    .await;
    let hedges = r#"grpc_client_hedges_total{service="location",target="booking",method="AssignedTrip"}"#;
    assert!(metrics.render().contains(hedges), "somebody else answered first");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(client.breakers()[0].1, BreakerState::Closed);
}

fn refusing() -> Manner {
    Manner {
        refuses: Some(|_| Some(Status::unavailable("too many questions"))),
        ..Manner::default()
    }
}

/// Nobody is left alone: what the breakers save is not what is looked at.
fn never_open() -> ClientOptions {
    ClientOptions {
        failures: u32::MAX,
        pause: Duration::from_millis(1),
        ..ClientOptions::default()
    }
}

#[tokio::test]
async fn that_one_of_two_refuses_uses_up_no_budget() {
    let (refuses, well) = two(refusing()).await;
    let (client, _) = client(&[refuses.address, well.address], never_open());
    for number in 0..200 {
        let answer = ask(&client, QUESTION, &format!("bkg_{number}")).await;
        assert!(answer.is_ok(), "question {number}: {answer:?}");
    }
    assert!(refuses.asked() > 50, "{}", refuses.asked());
}

#[tokio::test]
async fn where_nobody_answers_questions_are_not_asked_twice() {
    let (one, two) = (
        Instance::start(refusing()).await,
        Instance::start(refusing()).await,
    );
    let (client, _) = client(&[one.address, two.address], never_open());
    for number in 0..200 {
        ask(&client, QUESTION, &format!("bkg_{number}"))
            .await
            .unwrap_err();
    }
    let asked = one.asked() + two.asked();
    assert!(asked <= 200 + 20, "only what was saved up: {asked}");
}
