//! For those who run it: probes, figures, documentation, an orderly stop.

use crate::api::Running;
use interstate_http::{EdgeOptions, ServerOptions, Streams};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn readiness_tells_why_not() {
    let edge = Running::with_defaults().await;
    let health: serde_json::Value = edge.get("/health").send().await.unwrap().json().await.unwrap();
    assert_eq!(health, json!({"status": "up"}));
    assert_eq!(edge.get("/ready").send().await.unwrap().status(), 200);

    edge.readiness
        .block("partition-3", "its state is being rebuilt: 12,000 events to go");
    let answer = edge.get("/ready").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        body["reasons"]["ride"]["partition-3"],
        "its state is being rebuilt: 12,000 events to go"
    );
    assert_eq!(
        edge.get("/health").send().await.unwrap().status(),
        200,
        "alive all the same"
    );

    edge.readiness.clear("partition-3");
    assert_eq!(edge.get("/ready").send().await.unwrap().status(), 200);
    let version: serde_json::Value = edge.get("/version").send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (version["name"].as_str(), version["services"][0].as_str()),
        (Some("ride"), Some("ride"))
    );
}

#[tokio::test]
async fn requests_are_counted_by_their_route() {
    let edge = Running::with_defaults().await;
    for id in 0..3 {
        edge.get(&format!("/v1/rides/{id}")).send().await.unwrap();
    }
    let answer = edge.get("/metrics").send().await.unwrap();
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let text = answer.text().await.unwrap();
    let line = r#"http_requests_total{service="ride",method="GET",route="/v1/rides/{id}",status="200"} 3"#;
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains(r#"http_requests_in_flight{service="ride"} 0"#),
        "{text}"
    );
}

#[tokio::test]
async fn the_description_is_complete_and_its_page_needs_no_network() {
    let edge = Running::with_defaults().await;
    let doc: serde_json::Value = edge
        .get("/openapi.json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(
        doc["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        doc["openapi"]
    );
    let post = &doc["paths"]["/v1/rides"]["post"];
    assert_eq!(post["tags"][0], "ride");
    assert_eq!(post["parameters"][0]["name"], "Idempotency-Key");
    assert_eq!(
        post["responses"]["201"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Ride"
    );
    assert!(
        post["responses"]["default"]["content"]["application/problem+json"].is_object(),
        "{post}"
    );
    assert_eq!(doc["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for name in ["Ride", "Problem"] {
        assert!(
            doc["components"]["schemas"][name].is_object(),
            "{name} is missing: {}",
            doc["components"]
        );
    }
    let parameters = doc["paths"]["/v1/rides"]["get"]["parameters"].as_array().unwrap();
    let limit = parameters
        .iter()
        .find(|parameter| parameter["name"] == "limit")
        .unwrap();
    assert_eq!(
        (limit["in"].as_str(), limit["schema"]["maximum"].as_u64()),
        (Some("query"), Some(100))
    );

    let page = edge.get("/docs").send().await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("http"),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    assert!(
        html.len() > 1_000_000 && html.contains("SwaggerUIBundle"),
        "the scripts are in the page itself"
    );
    for from_elsewhere in ["<script src", "<link "] {
        assert!(!html.contains(from_elsewhere), "{from_elsewhere}");
    }
}

#[tokio::test]
async fn a_stop_finishes_what_it_holds_and_takes_nothing_new() {
    let edge = Running::with_defaults().await;
    let request = edge.get("/v1/slow").send();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        edge.shutdown.cancel();
    };
    let (answer, ()) = tokio::join!(request, stop);
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(edge.server.await.unwrap(), 0);
    assert!(tokio::net::TcpStream::connect(edge.address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = ServerOptions {
        drain: Duration::from_millis(50),
        ..ServerOptions::default()
    };
    let edge = Running::start(EdgeOptions::default(), server).await;
    let request = tokio::spawn(edge.get("/v1/slow").send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    edge.shutdown.cancel();
    assert_eq!(edge.server.await.unwrap(), 1, "one was not finished");
    request.abort();
}

#[tokio::test]
async fn a_stream_ends_when_its_viewer_may_see_no_more_and_makes_room() {
    let edge = Running::with_defaults().await;
    for _ in 0..=Streams::OF_EACH {
        let stream = edge.get("/v1/ticks/1/0").send().await.unwrap();
        assert_eq!(stream.status(), 200);
        stream.text().await.unwrap();
    }
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_the_process() {
    let edge = Running::with_defaults().await;
    let mut stream = edge.get("/v1/ticks/1/600").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while text.matches("\n\n").count() < 2 {
        text.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    assert_eq!(
        text,
        "event: tick\nid: 0\ndata: 0\n\nevent: tick\nid: 1\ndata: 1\n\n"
    );
    let refused = async |path: &str| {
        let answer = edge.get(path).send().await.unwrap();
        let after = answer.headers()["retry-after"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), after)
    };
    let mut others = Vec::new();
    for _ in 1..Streams::OF_EACH {
        others.push(edge.get("/v1/ticks/1/600").send().await.unwrap());
    }
    assert_eq!(refused("/v1/ticks/1/600").await, (429, "1".to_owned()));
    for viewer in 2..=3 {
        others.push(edge.get(&format!("/v1/ticks/{viewer}/600")).send().await.unwrap());
    }
    assert!(others.iter().all(|stream| stream.status() == 200));
    assert_eq!(refused("/v1/ticks/4/600").await, (503, "5".to_owned()));

    edge.shutdown.cancel();
    assert_eq!(stream.chunk().await.unwrap(), None, "it ended");
    assert_eq!(edge.server.await.unwrap(), 0);
}
