//! What comes in is read strictly; what is wrong is named.

use crate::api::{Running, problem};
use serde_json::json;

const RIDE: &str = r#"{"from":"Pune","passengers":2}"#;

#[tokio::test]
async fn a_good_request_is_answered_with_its_token() {
    let edge = Running::with_defaults().await;
    let answer = edge.post("/v1/rides", RIDE).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["consistency-token"], "1.ride.2.9");
    assert_eq!(answer.headers()["location"], "/v1/rides/1");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(
        answer.json::<serde_json::Value>().await.unwrap(),
        json!({"from": "Pune", "passengers": 2})
    );

    let request = edge
        .get("/v1/rides/7")
        .header("consistency-token", "1.ride.2.9,1.pay.0.3");
    assert_eq!(
        request.send().await.unwrap().text().await.unwrap(),
        "\"7 after 1.ride.2.9,1.pay.0.3\""
    );
}

#[tokio::test]
async fn every_wrong_request_is_a_problem_with_its_own_code() {
    let edge = Running::with_defaults().await;
    let url = format!("http://{}/v1/rides", edge.address);
    let post = |body: &str| edge.post("/v1/rides", body);
    let cases = [
        (post("{"), 400, "invalid-json"),
        (post(r#"{"from":"Pune"}"#), 422, "invalid-body"),
        (
            post(r#"{"from":"Pune","passengers":2,"x":1}"#),
            422,
            "invalid-body",
        ),
        (
            edge.client.post(&url).header("idempotency-key", "k").body(RIDE),
            415,
            "unsupported-media-type",
        ),
        (
            edge.client
                .post(&url)
                .header("content-type", "application/json")
                .body(RIDE),
            400,
            "idempotency-key-missing",
        ),
        (
            post(RIDE).header("idempotency-key", "k-2"),
            400,
            "idempotency-key-invalid",
        ),
        (post(&"x".repeat(300_000)), 413, "body-too-large"),
        (
            post(RIDE).header("idempotency-key", "late"),
            400,
            "idempotency-key-invalid",
        ),
        (edge.get("/v1/rides/seven"), 400, "invalid-path"),
        (edge.get("/v1/rides/%ff"), 400, "invalid-path"),
        (edge.get("/v1/rides?limit=1000"), 400, "invalid-query"),
        (edge.get("/v1/rides?cursor=nonsense"), 400, "invalid-query"),
        (edge.get("/v1/rides?page=2"), 400, "invalid-query"),
        (
            edge.get("/v1/rides/7").header("consistency-token", "nonsense"),
            400,
            "invalid-consistency-token",
        ),
        (edge.get("/v1/nothing"), 404, "not-found"),
        (edge.client.delete(&url), 405, "method-not-allowed"),
        (edge.get("/v1/teapot"), 400, "bad-request"),
    ];
    for (request, status, code) in cases {
        let (got, body) = problem(request).await;
        assert_eq!((got, body["code"].as_str().unwrap()), (status, code), "{body}");
    }
    let (_, body) = problem(post(r#"{"from":"Pune","passengers":"two"}"#)).await;
    assert_eq!(body["errors"][0]["pointer"], "/passengers");
    let (_, body) = problem(edge.get("/v1/rides?limit=1000")).await;
    assert_eq!(body["errors"][0]["pointer"], "limit");
    let answer = edge.client.delete(&url).send().await.unwrap();
    assert_eq!(answer.headers()["allow"], "POST,GET,HEAD");
}

#[tokio::test]
async fn a_services_own_problem_keeps_its_code_and_has_a_page() {
    let edge = Running::with_defaults().await;
    let request = edge.client.post(format!("http://{}/v1/rides", edge.address));
    let request = request
        .header("content-type", "application/json")
        .header("idempotency-key", "late")
        .body(RIDE);
    let (status, body) = problem(request).await;
    assert_eq!((status, body["code"].as_str().unwrap()), (409, "quote-expired"));
    let page = edge
        .get(body["type"].as_str().unwrap())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.starts_with("# The quote has expired\n") && page.contains("Ask for a new one."),
        "{page}"
    );
}

#[tokio::test]
async fn pages_follow_one_another() {
    let edge = Running::with_defaults().await;
    let mut seen = Vec::new();
    let mut path = "/v1/rides?limit=2".to_owned();
    loop {
        let page: interstate_http::Page<u64> = edge.get(&path).send().await.unwrap().json().await.unwrap();
        seen.extend(page.items);
        let Some(next) = page.next else { break };
        path = format!("/v1/rides?limit=2&cursor={next}");
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn ids_and_traces_pass_through() {
    let edge = Running::with_defaults().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = edge.get("/v1/context").header("x-request-id", "mine-1");
    let answer = request
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-request-id"], "mine-1");
    let returned = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    assert!(
        returned.contains(trace) && !returned.contains("00f067aa0ba902b7"),
        "a span of its own: {returned}"
    );
    assert_eq!(answer.text().await.unwrap(), format!("\"{returned} 127.0.0.1\""));

    let answer = edge
        .get("/v1/context")
        .header("x-request-id", "two words")
        .send()
        .await
        .unwrap();
    assert_ne!(
        answer.headers()["x-request-id"],
        "two words",
        "ids go into logs: only harmless ones are taken"
    );
}
