//! The service's edge on an embedded log, with one booking.
#![allow(dead_code, reason = "each target uses a part of this")]

use aide::openapi::OpenApi;
use axum::{Router, body::Body};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use interstate_auth::Caller;
use interstate_eventing::{
    Topology,
    projection::Consumers,
    runtime::{Clock, Commands, Env, Host, MachineClock, TokioSpawn},
    store::FjallCaches,
};
use interstate_http::{IdempotencyKey, Shutdown, Streams};
use interstate_live::Live;
use interstate_location::{
    Location, Wiring, api,
    ports::{BookedTrip, BookedTrips, BookingsUnavailable},
    service,
};
use interstate_log::{
    Log,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::{BookingId, GeoPoint, Role, SessionId, SignedDuration, Timestamp, UserId};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};
use tower::ServiceExt;

pub const PICKUP: (f64, f64) = (23.0225, 72.5714);

struct OneBooking;

#[async_trait::async_trait]
impl BookedTrips for OneBooking {
    async fn trip(&self, asked: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable> {
        let point = |(lat, lon)| GeoPoint::new(lat, lon).unwrap();
        Ok((asked == booking()).then(|| BookedTrip {
            rider: user("asha"),
            driver: user("ravi"),
            pickup: point(PICKUP),
            drop: point((24.5854, 73.7125)),
            ends_at: now() + SignedDuration::from_hours(8),
        }))
    }
}

pub fn now() -> Timestamp {
    MachineClock::machine_now()
}

pub fn booking() -> BookingId {
    BookingId::derive(1, &[b"booking"])
}

pub fn user(name: &str) -> UserId {
    UserId::derive(1, &[name.as_bytes()])
}

pub fn caller(name: &str, role: Role) -> Caller {
    Caller {
        user: user(name),
        role,
        session: SessionId::derive(1, &[b"session"]),
        expires: now() + SignedDuration::from_hours(1),
    }
}

pub struct Node {
    pub router: Router,
    pub doc: OpenApi,
    pub host: Host,
    pub location: Location,
}

pub async fn start(dir: &Path, live: &Live) -> Node {
    let service = service();
    let log: Arc<dyn Log> = Arc::new(EmbeddedLog::open(Options::new(dir.join("log"))).unwrap());
    let caches = Arc::new(FjallCaches::open(&dir.join("cache")).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(MachineClock::real());
    let env = Env::new(
        log.clone(),
        clock.clone(),
        Arc::new(TokioSpawn),
        caches,
        "node",
        Topology::of([&service]),
    );
    let partitions = service.partition_count();
    let host = Host::start(&env, vec![service]).await.unwrap();
    let location = Location::open(live).unwrap();
    let wiring = Wiring {
        log,
        clock,
        commands: Commands::new(env),
        spawn: Arc::new(TokioSpawn),
        consumers: Consumers::default(),
        bookings: Arc::new(OneBooking),
        streams: Streams::new(10, Shutdown::new()),
        partitions,
    };
    let running = location.start(wiring).await.unwrap();
    let mut doc = OpenApi::default();
    let router = api::router(running.edge).finish_api(&mut doc);
    Node {
        router,
        doc,
        host,
        location,
    }
}

impl Node {
    pub async fn call(
        &self,
        who: Option<Caller>,
        method: Method,
        path: &str,
        key: &str,
        body: Value,
        token: Option<&str>,
    ) -> (StatusCode, Value, Option<String>) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header(IdempotencyKey::HEADER, key)
            .body(Body::from(body.to_string()))
            .unwrap();
        if let Some(caller) = who {
            request.extensions_mut().insert(caller);
        }
        if let Some(token) = token {
            request
                .headers_mut()
                .insert("consistency-token", token.parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let token = response.headers().get("consistency-token");
        let token = token.map(|token| token.to_str().unwrap().to_owned());
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default(), token)
    }

    pub async fn get(&self, who: Caller, path: &str, token: Option<&str>) -> (StatusCode, Value) {
        let (status, body, _) = self
            .call(Some(who), Method::GET, path, "k", Value::Null, token)
            .await;
        (status, body)
    }

    pub async fn post(
        &self,
        who: Caller,
        path: &str,
        key: &str,
        body: Value,
    ) -> (StatusCode, Value, Option<String>) {
        self.call(Some(who), Method::POST, path, key, body, None).await
    }
}

pub fn fix(seq: u64, lat: f64) -> Value {
    json!({
        "device": "phone", "seq": seq, "at": now() - SignedDuration::from_secs(600 - 30 * seq as i64),
        "point": {"lat": lat, "lon": PICKUP.1}, "accuracy_m": 8.0, "booking": booking(),
    })
}
