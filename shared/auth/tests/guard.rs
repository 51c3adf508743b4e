//! The guard in front of a small API: deny by default, told by codes.

#![allow(
    clippy::unwrap_used,
    reason = "clippy takes a test's helper functions for product code"
)]

use aide::{
    axum::{
        ApiRouter,
        routing::{get, post},
    },
    openapi::OpenApi,
};
use axum::{Router, body::Body, middleware, response::Response};
use http::Request;
use interstate_auth::*;
use interstate_http::{Json, Rate, routes};
use interstate_schemas::{Role, SessionId, SignedDuration, Timestamp, UserId};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

const POLICY: &[Row] = &[
    Row::new("GET", "/v1/cities", Access::Public),
    Row::new("GET", "/v1/me", Access::SignedIn),
    Row::new(
        "POST",
        "/v1/rides/{id}/cancel",
        Access::Roles(&[Role::Rider, Role::Support]),
    ),
];

const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

struct Edge {
    router: Router,
    doc: OpenApi,
    tokens: AccessTokens,
    now: Arc<Mutex<Timestamp>>,
}

impl Edge {
    fn new(per_user: Option<Rate>) -> Self {
        let now = Arc::new(Mutex::new(START));
        let clock = now.clone();
        let tokens = AccessTokens::new(Keys::from_seed([7; 32]));
        let policy = Policy::new(POLICY).unwrap();
        let clock: WallClock = Arc::new(move || *clock.lock().unwrap());
        let guard = Guard::new(tokens.clone(), policy.clone(), clock, per_user);
        let mut doc = OpenApi::default();
        let router = ApiRouter::new()
            .api_route(
                "/v1/cities",
                get(async |caller: Option<Caller>| Json(caller.is_some())),
            )
            .api_route(
                "/v1/me",
                get(async |caller: Caller| Json(caller.actor().to_string())),
            )
            .api_route("/v1/rides/{id}/cancel", post(async || Json("cancelled")))
            .api_route("/v1/forgotten", get(async || Json("must never be seen")))
            .layer(middleware::from_fn_with_state(guard, Guard::enforce))
            .finish_api(&mut doc);
        policy.describe(&mut doc);
        Self {
            router,
            doc,
            tokens,
            now,
        }
    }

    fn token(&self, role: Role) -> String {
        let user = UserId::derive(1, &[role.as_str().as_bytes()]);
        self.tokens.issue(
            user,
            role,
            SessionId::derive(1, &[b"login"]),
            *self.now.lock().unwrap(),
        )
    }

    /// Status, code (or nothing) and body.
    async fn call(&self, method: &str, path: &str, token: Option<&str>) -> (u16, String, String) {
        let response = self.respond(method, path, token).await;
        let status = response.status().as_u16();
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        (
            status,
            problem["code"].as_str().unwrap_or_default().to_owned(),
            body,
        )
    }

    async fn respond(&self, method: &str, path: &str, token: Option<&str>) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn each_role_reaches_what_its_row_says() {
    let edge = Edge::new(None);
    let cancel = "/v1/rides/7/cancel";
    let (rider, driver) = (edge.token(Role::Rider), edge.token(Role::Driver));
    assert_eq!(edge.call("GET", "/v1/cities", None).await.2, "false");
    assert_eq!(edge.call("GET", "/v1/cities", Some(&rider)).await.2, "true");
    assert!(
        edge.call("GET", "/v1/me", Some(&rider))
            .await
            .2
            .starts_with("\"rider:usr_")
    );
    assert_eq!(edge.call("POST", cancel, Some(&rider)).await.0, 200);
    let (status, code, body) = edge.call("POST", cancel, Some(&driver)).await;
    assert_eq!((status, code.as_str()), (403, "forbidden"));
    assert!(body.contains(r#""roles":["rider","support"]"#), "{body}");
}

#[tokio::test]
async fn what_has_no_row_is_closed_to_everyone() {
    let edge = Edge::new(None);
    for role in Role::ALL {
        let (status, code, _) = edge.call("GET", "/v1/forgotten", Some(&edge.token(role))).await;
        assert_eq!((status, code.as_str()), (403, "no-policy"), "{role}");
    }
    let problems = Policy::new(POLICY).unwrap().disagreements(&routes(&edge.doc));
    assert_eq!(problems, ["GET /v1/forgotten has no row: it is closed"]);
    assert_eq!(edge.call("GET", "/v1/nowhere", None).await.0, 404);
}

#[tokio::test]
async fn a_bad_token_is_told_from_an_old_one() {
    let edge = Edge::new(None);
    let code = async |token| edge.call("GET", "/v1/me", token).await.1;
    assert_eq!(code(None).await, "unauthenticated");
    assert_eq!(code(Some("not.a.token")).await, "unauthenticated");
    let token = edge.token(Role::Rider);
    assert_eq!(code(Some(&token)).await, "");
    // The token was checked before and is remembered: it ends all the same.
    *edge.now.lock().unwrap() += SignedDuration::from_mins(16);
    assert_eq!(code(Some(&token)).await, "token-expired");
    assert_eq!(
        edge.call("GET", "/v1/cities", Some(&token)).await.2,
        "false",
        "open routes stay open"
    );
}

#[tokio::test]
async fn each_user_has_a_share_of_their_own() {
    let edge = Edge::new(Some(Rate {
        per_second: 0.1,
        burst: 2.0,
    }));
    let (rider, driver) = (edge.token(Role::Rider), edge.token(Role::Driver));
    for _ in 0..2 {
        assert_eq!(edge.call("GET", "/v1/me", Some(&rider)).await.0, 200);
    }
    let response = edge.respond("GET", "/v1/me", Some(&rider)).await;
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "10")
    );
    assert_eq!(edge.call("GET", "/v1/me", Some(&driver)).await.0, 200);
}

#[test]
fn the_description_tells_who_may_call() {
    let edge = Edge::new(None);
    let doc = serde_json::to_value(&edge.doc).unwrap();
    let cancel = &doc["paths"]["/v1/rides/{id}/cancel"]["post"];
    assert_eq!(cancel["security"], serde_json::json!([{"bearer": []}]));
    assert_eq!(cancel["x-roles"], serde_json::json!(["rider", "support"]));
    assert!(doc["paths"]["/v1/cities"]["get"].get("security").is_none());
}
