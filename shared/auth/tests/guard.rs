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
use interstate_live::Live;
use interstate_schemas::{Role, SessionId, SignedDuration, Timestamp, UserId};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

const POLICY: &[Row] = &[
    Row::new("GET", "/v1/cities", Access::Public),
    Row::new("GET", "/v1/headers", Access::Public),
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
        Self::behind(None, per_user)
    }

    fn behind(gateway: Option<&str>, per_user: Option<Rate>) -> Self {
        Self::of(gateway, per_user, &Live::in_memory())
    }

    fn of(gateway: Option<&str>, per_user: Option<Rate>, live: &Live) -> Self {
        let now = Arc::new(Mutex::new(START));
        let clock = now.clone();
        let tokens = AccessTokens::new(Keys::from_seed([7; 32]));
        let policy = Policy::new(POLICY).unwrap();
        let clock: WallClock = Arc::new(move || *clock.lock().unwrap());
        let gateway = gateway.map(Gateway::new);
        let limits = Limits::new(live, "test", per_user);
        let guard = Guard::behind(gateway, tokens.clone(), policy.clone(), clock, limits);
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
            .api_route(
                "/v1/headers",
                get(async |headers: http::HeaderMap| {
                    let told = ["x-gateway-secret", "x-user-id", "x-user-role"];
                    Json(told.iter().any(|name| headers.contains_key(*name)))
                }),
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

#[tokio::test]
async fn an_ended_login_is_refused_at_once_by_every_service_and_another_one_is_not() {
    let live = Live::in_memory();
    let services = [Edge::of(None, None, &live), Edge::of(Some(GATEWAY), None, &live)];
    let token = services[0].token(Role::Rider);
    for service in &services {
        assert_eq!(service.call("GET", "/v1/me", Some(&token)).await.0, 200);
    }
    let ended = SessionId::derive(1, &[b"login"]).to_string();
    let life = std::time::Duration::from_secs(60);
    live.ended_logins().end(&ended, life).await;
    for service in &services {
        let (status, code, body) = service.call("GET", "/v1/me", Some(&token)).await;
        assert_eq!((status, code.as_str()), (401, "unauthenticated"));
        assert!(body.contains("sign in again"), "{body}");
        let (status, _, signed_in) = service.call("GET", "/v1/cities", Some(&token)).await;
        assert_eq!(
            (status, signed_in.as_str()),
            (200, "false"),
            "open routes stay open"
        );
    }
    let user = rider();
    let other = SessionId::derive(2, &[b"another"]);
    let token = services[0]
        .tokens
        .issue(user.parse().unwrap(), Role::Rider, other, START);
    assert_eq!(services[0].call("GET", "/v1/me", Some(&token)).await.0, 200);
}

#[tokio::test]
async fn logins_of_a_gateway_end_at_the_gateway() {
    let live = Live::in_memory();
    let edge = Edge::of(Some(GATEWAY), None, &live);
    let user = rider();
    let of_gateway = SessionId::derive(0, &[b"gateway", user.as_bytes()]).to_string();
    let life = std::time::Duration::from_secs(60);
    live.ended_logins().end(&of_gateway, life).await;
    let headers = [
        ("x-gateway-secret", GATEWAY),
        ("x-user-id", user.as_str()),
        ("x-user-role", "rider"),
    ];
    assert_eq!(told_by(&edge, "/v1/me", &headers).await.0, 200);
}

#[tokio::test]
async fn what_a_client_says_beside_the_gateway_is_not_believed() {
    let edge = Edge::behind(Some(GATEWAY), None);
    let (user, another) = (rider(), UserId::derive(9, &[b"another"]).to_string());
    for doubled in [
        ("x-user-id", another.as_str()),
        ("x-user-role", "admin"),
        ("x-gateway-secret", "guessed"),
    ] {
        // A gateway that adds its headers behind those of the client.
        let headers = [
            doubled,
            ("x-gateway-secret", GATEWAY),
            ("x-user-id", user.as_str()),
            ("x-user-role", "rider"),
        ];
        assert_eq!(told_by(&edge, "/v1/me", &headers).await.0, 401, "{doubled:?}");
    }
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

const GATEWAY: &str = "what the gateway and the services have in common";

/// What is answered to a request with these headers.
async fn told_by(edge: &Edge, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::builder().method("GET").uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = edge.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn rider() -> String {
    UserId::derive(1, &[b"rider"]).to_string()
}

#[tokio::test]
async fn a_gateway_that_shows_its_secret_says_who_calls() {
    let edge = Edge::behind(Some(GATEWAY), None);
    let user = rider();
    let headers = [
        ("x-gateway-secret", GATEWAY),
        ("x-user-id", user.as_str()),
        ("x-user-role", "rider"),
    ];
    let (status, me) = told_by(&edge, "/v1/me", &headers).await;
    assert_eq!(status, 200, "{me}");
    assert!(me.contains(&user) && me.contains("rider"), "{me}");
    // A role is held against the policy as a token's is.
    let response = edge
        .router
        .clone()
        .oneshot(
            Request::post("/v1/rides/1/cancel")
                .header("x-gateway-secret", GATEWAY)
                .header("x-user-id", &user)
                .header("x-user-role", "driver")
                .body(Body::empty())
                .unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 403);
    let anonymous = told_by(&edge, "/v1/me", &headers[..1]).await;
    assert_eq!(anonymous.0, 401, "a gateway that names nobody signs nobody in");
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let user = rider();
    let said = [("x-user-id", user.as_str()), ("x-user-role", "admin")];
    let with = |secret: &'static str| [("x-gateway-secret", secret), said[0], said[1]];
    let behind = Edge::behind(Some(GATEWAY), None);
    let alone = Edge::new(None);
    for (edge, headers, why) in [
        (&behind, said.to_vec(), "no secret"),
        (&behind, with("a guess").to_vec(), "a wrong secret"),
        (&behind, with("").to_vec(), "an empty secret"),
        (&alone, with(GATEWAY).to_vec(), "no gateway is known here"),
        (&alone, with("").to_vec(), "nor an empty one"),
    ] {
        assert_eq!(told_by(edge, "/v1/me", &headers).await.0, 401, "{why}");
        let (status, stripped) = told_by(edge, "/v1/headers", &headers).await;
        assert_eq!(
            (status, stripped.as_str()),
            (200, "false"),
            "{why}: the headers are gone"
        );
    }
    // Somebody with a token is whom the token says, whatever else the request claims.
    let bearer = format!("Bearer {}", behind.token(Role::Rider));
    let mut headers = with("a guess").to_vec();
    headers.push(("authorization", &bearer));
    let (status, me) = told_by(&behind, "/v1/me", &headers).await;
    assert_eq!(status, 200);
    assert!(me.contains("rider") && !me.contains("admin"), "{me}");
}

#[tokio::test]
async fn what_the_gateway_says_has_to_be_whole() {
    let edge = Edge::behind(Some(GATEWAY), None);
    let user = rider();
    for (id, role) in [
        (None, Some("rider")),
        (Some(user.as_str()), None),
        (Some("bkg_1"), Some("rider")),
        (Some(user.as_str()), Some("root")),
    ] {
        let mut headers = vec![("x-gateway-secret", GATEWAY)];
        headers.extend(id.map(|id| ("x-user-id", id)));
        headers.extend(role.map(|role| ("x-user-role", role)));
        let (status, told) = told_by(&edge, "/v1/me", &headers).await;
        assert!(
            status == 401 && told.contains("The gateway names no user"),
            "{id:?} {role:?}: {told}"
        );
    }
}
