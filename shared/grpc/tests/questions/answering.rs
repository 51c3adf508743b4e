//! The side that answers.

use crate::fixture::{Instance, Manner, QUESTION, ask, client, within};
use interstate_grpc::{ClientOptions, ServerOptions};
use interstate_proto::{
    MESSAGE_BYTES,
    booking::{AssignedTripAnswer, AssignedTripRequest},
};
use std::time::Duration;
use tonic::{Code, client::Grpc, transport::Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

fn once() -> ClientOptions {
    ClientOptions {
        attempts: 1,
        ..ClientOptions::default()
    }
}

#[tokio::test]
async fn the_server_has_a_deadline_of_its_own() {
    let slow = Manner {
        takes: Some(|_| Duration::from_secs(600)),
        ..Manner::default()
    };
    let options = ServerOptions {
        deadline: Duration::from_millis(100),
        ..ServerOptions::default()
    };
    let booking = Instance::with(slow, options, None, None).await;
    let patient = ClientOptions {
        deadline: Duration::from_secs(15),
        attempt: Duration::from_secs(15),
        ..once()
    };
    let (client, _) = client(&[booking.address], patient);
    let status = ask(&client, QUESTION, "bkg_1").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

#[tokio::test]
async fn more_questions_than_it_has_room_for_are_sent_elsewhere() {
    let slow = Manner {
        takes: Some(|_| Duration::from_secs(600)),
        ..Manner::default()
    };
    let options = ServerOptions {
        in_flight: 1,
        ..ServerOptions::default()
    };
    let booking = Instance::with(slow, options, None, None).await;
    let (busy, _) = client(&[booking.address], once());
    let waiting = tokio::spawn(async move { ask(&busy, QUESTION, "bkg_1").await });
    within("the first is being answered", async || booking.asked() == 1).await;
    let (client, _) = client(&[booking.address], once());
    let status = ask(&client, QUESTION, "bkg_2").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("too many"), "{status:?}");
    waiting.abort();
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let booking = Instance::start(Manner::default()).await;
    let (client, _) = client(&[booking.address], once());
    let status = ask(&client, QUESTION, &"b".repeat(MESSAGE_BYTES + 1))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    assert_eq!(booking.asked(), 0, "it was not even decoded");
    assert!(ask(&client, QUESTION, "bkg_1").await.is_ok());
}

#[tokio::test]
async fn health_follows_readiness() {
    let booking = Instance::start(Manner::default()).await;
    let channel = Endpoint::from_shared(format!("http://{}", booking.address))
        .unwrap()
        .connect_lazy();
    let check = async |service: &str| {
        let question = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = HealthClient::new(channel.clone()).check(question).await;
        answer.map(|answer| answer.into_inner().status())
    };
    for service in ["", "interstate.booking.v1.Booking"] {
        within("it serves", async || {
            check(service).await.unwrap() == ServingStatus::Serving
        })
        .await;
        booking.readiness.block("read models", "catching up");
        within("it does not serve", async || {
            check(service).await.unwrap() == ServingStatus::NotServing
        })
        .await;
        booking.readiness.clear("read models");
    }
    assert_eq!(check("nobody").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn what_it_does_not_have_makes_no_series() {
    // Refused before anybody looks whether there is such a method.
    let full = ServerOptions {
        in_flight: 0,
        ..ServerOptions::default()
    };
    let booking = Instance::with(Manner::default(), full, None, None).await;
    let channel = Endpoint::from_shared(format!("http://{}", booking.address))
        .unwrap()
        .connect_lazy();
    let mut grpc = Grpc::new(channel);
    for path in [
        "/interstate.booking.v1.Booking/AssignedTrip",
        "/grpc.health.v1.Health/Check",
        // Of a service that is described, but not this one's; of one that it has; of none.
        "/interstate.location.v1.Location/Route",
        "/interstate.booking.v1.Booking/Nonsense",
        "/any.Thing/Whatever",
    ] {
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<AssignedTripRequest, AssignedTripAnswer>::default();
        let question = tonic::Request::new(AssignedTripRequest::default());
        let answered = grpc.unary(question, path.parse().unwrap(), codec).await;
        assert_eq!(answered.unwrap_err().code(), Code::Unavailable);
    }
    let figures = booking.metrics.render();
    let mut counts: Vec<&str> = figures
        .lines()
        .filter_map(|line| line.strip_prefix(r#"grpc_server_requests_total{service="booking",method="#))
        .collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            r#""AssignedTrip",code="UNAVAILABLE"} 1"#,
            r#""Check",code="UNAVAILABLE"} 1"#,
            r#""other",code="UNAVAILABLE"} 3"#,
        ]
    );
}

#[tokio::test]
async fn a_stop_finishes_what_is_being_answered() {
    let slow = Manner {
        takes: Some(|_| Duration::from_millis(300)),
        ..Manner::default()
    };
    let booking = Instance::start(slow).await;
    let (client, _) = client(&[booking.address], once());
    let waiting = tokio::spawn(async move { ask(&client, QUESTION, "bkg_1").await });
    within("it is being answered", async || booking.asked() == 1).await;
    assert!(booking.stop().await, "nothing was cut");
    assert!(waiting.await.unwrap().is_ok());
}
