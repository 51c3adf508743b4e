//! The side that asks.

use crate::fixture::{Instance, Manner, QUESTION, ask, client, nobody, within};
use interstate_grpc::{BreakerState, ClientOptions};
use std::time::Duration;
use tonic::{Code, Status};

fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("{name} is not in:\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_question_is_answered_and_belongs_to_a_trace() {
    let booking = Instance::start(Manner::default()).await;
    let (client, metrics) = client(&[booking.address], ClientOptions::default());
    assert!(ask(&client, QUESTION, "bkg_1").await.unwrap().trip.is_some());
    assert_eq!(booking.traces().len(), 1, "the trace came with it");
    let asked =
        r#"grpc_client_requests_total{service="location",target="booking",method="AssignedTrip",code="OK"}"#;
    assert_eq!(figure(&metrics.render(), asked), 1.0);
    let answered = r#"grpc_server_requests_total{service="booking",method="AssignedTrip",code="OK"}"#;
    assert_eq!(figure(&booking.metrics.render(), answered), 1.0);
}

#[tokio::test]
async fn nobody_waits_longer_than_the_deadline() {
    let slow = Manner {
        takes: Some(|_| Duration::from_secs(600)),
        ..Manner::default()
    };
    let booking = Instance::start(slow).await;
    let options = ClientOptions {
        deadline: Duration::from_millis(200),
        attempt: Duration::from_secs(60),
        ..ClientOptions::default()
    };
    let (client, _) = client(&[booking.address], options);
    let status = ask(&client, QUESTION, "bkg_1").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    let answered =
        r#"grpc_server_requests_total{service="booking",method="AssignedTrip",code="DEADLINE_EXCEEDED"}"#;
    // The server gives up as well: the caller told it how long it waits. Where the caller's own end of it arrives first,
    // the next one tells.
    within("the server gives up", async || {
        let _ = ask(&client, QUESTION, "bkg_2").await;
        booking.metrics.render().contains(answered)
    })
    .await;
}

#[tokio::test]
async fn a_question_that_nobody_had_time_for_is_asked_again_and_a_wrong_one_is_not() {
    let manner = Manner {
        refuses: Some(|number| (number == 0).then(|| Status::unavailable("starting"))),
        ..Manner::default()
    };
    let booking = Instance::start(manner).await;
    let (asker, metrics) = client(&[booking.address], ClientOptions::default());
    assert!(ask(&asker, QUESTION, "bkg_1").await.is_ok());
    assert_eq!(booking.asked(), 2);
    let repeats = r#"grpc_client_repeats_total{service="location",target="booking",method="AssignedTrip"}"#;
    assert_eq!(figure(&metrics.render(), repeats), 1.0);

    let refusing = Manner {
        refuses: Some(|_| Some(Status::invalid_argument("no such id"))),
        ..Manner::default()
    };
    let booking = Instance::start(refusing).await;
    let (asker, _) = client(&[booking.address], ClientOptions::default());
    let status = ask(&asker, QUESTION, "bkg_1").await.unwrap_err();
    assert_eq!((status.code(), booking.asked()), (Code::InvalidArgument, 1));
}

#[tokio::test]
async fn with_one_instance_dead_every_question_is_answered_and_the_dead_one_is_left_alone() {
    let (one, two, dead) = (
        Instance::start(Manner::default()).await,
        Instance::start(Manner::default()).await,
        nobody().await,
    );
    let options = ClientOptions {
        failures: 3,
        rest: Duration::from_secs(600),
        ..ClientOptions::default()
    };
    let (client, metrics) = client(&[one.address, dead, two.address], options);
    for number in 0..60 {
        ask(&client, QUESTION, &format!("bkg_{number}")).await.unwrap();
    }
    assert!(
        one.asked() >= 20 && two.asked() >= 20,
        "{} and {}",
        one.asked(),
        two.asked()
    );
    let states: Vec<BreakerState> = client.breakers().into_iter().map(|(_, state)| state).collect();
    assert_eq!(
        states,
        [BreakerState::Closed, BreakerState::Open, BreakerState::Closed]
    );
    let state =
        format!(r#"grpc_client_breaker_state{{service="location",target="booking",address="{dead}"}}"#);
    assert_eq!(figure(&metrics.render(), &state), 2.0);
}

#[tokio::test]
async fn with_all_instances_away_it_is_said_at_once_and_they_are_found_when_they_come_back() {
    let address = nobody().await;
    let options = ClientOptions {
        failures: 2,
        rest: Duration::from_millis(50),
        ..ClientOptions::default()
    };
    let (client, _) = client(&[address], options);
    let status = ask(&client, QUESTION, "bkg_1").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("refused"), "it says why: {status:?}");

    let _booking = Instance::with(Manner::default(), Default::default(), None, Some(address)).await;
    within("it is asked again", async || {
        ask(&client, QUESTION, "bkg_1").await.is_ok()
    })
    .await;
    assert_eq!(client.breakers()[0].1, BreakerState::Closed);
}

#[tokio::test]
async fn a_slow_instance_is_helped_out_by_another() {
    // The first is quick for as long as it takes to know what is usual; then it hangs.
    let hangs = Manner {
        takes: Some(|number| match number {
            0..40 => Duration::ZERO,
            _ => Duration::from_secs(600),
        }),
        ..Manner::default()
    };
    let (slow, quick) = (
        Instance::start(hangs).await,
        Instance::start(Manner::default()).await,
    );
    let options = ClientOptions {
        deadline: Duration::from_secs(15),
        attempt: Duration::from_secs(15),
        ..ClientOptions::default()
    };
    let (client, metrics) = client(&[slow.address, quick.address], options);
    for number in 0..120 {
        let answer = ask(&client, QUESTION.hedged(0.95), &format!("bkg_{number}")).await;
        assert!(answer.is_ok(), "{answer:?}");
        if slow.asked() > 40 {
            break;
        }
    }
    assert!(slow.asked() > 40, "the slow one was asked: {}", slow.asked());
    let hedges = r#"grpc_client_hedges_total{service="location",target="booking",method="AssignedTrip"}"#;
    assert!(figure(&metrics.render(), hedges) >= 1.0);
}
