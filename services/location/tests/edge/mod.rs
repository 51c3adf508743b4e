//! The service's edge on an embedded log, with one booking, and time that a test lets pass.
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
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;
use tower::ServiceExt;

const PATIENCE: Duration = Duration::from_secs(10);
pub const PICKUP: (f64, f64) = (23.0225, 72.5714);

/// What booking says of the one booking.
#[derive(Clone, Copy)]
pub enum Says {
    /// Asha rides, and this driver is assigned.
    Drives(&'static str),
    /// It is over, or nobody is assigned.
    Over,
    /// Nothing: it does not answer.
    Away,
}

/// Booking, with one booking.
pub struct OneBooking {
    says: Mutex<Says>,
    ends_at: Timestamp,
}

impl OneBooking {
    pub fn says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }
}

#[async_trait::async_trait]
impl BookedTrips for OneBooking {
    async fn trip(&self, asked: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable> {
        let point = |(lat, lon)| GeoPoint::new(lat, lon).unwrap();
        let driver = match *self.says.lock().unwrap() {
            Says::Drives(driver) if asked == booking() => driver,
            Says::Drives(_) | Says::Over => return Ok(None),
            Says::Away => return Err(BookingsUnavailable("away".to_owned())),
        };
        Ok(Some(BookedTrip {
            rider: user("asha"),
            driver: user(driver),
            pickup: point(PICKUP),
            drop: point((24.5854, 73.7125)),
            ends_at: self.ends_at,
        }))
    }
}

/// The machine's time, and what a test lets pass on top of it.
#[derive(Default)]
pub struct Leaping(AtomicI64);

impl Leaping {
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        now() + SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, time: Timestamp) {
        while self.now() < time {
            let left = time.duration_since(self.now()).unsigned_abs();
            tokio::time::sleep(left.min(Duration::from_millis(10))).await;
        }
    }

    async fn sleep(&self, real: Duration) {
        let real = SignedDuration::try_from(real).unwrap();
        self.sleep_until(self.now() + real).await;
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
    pub bookings: Arc<OneBooking>,
    pub clock: Arc<Leaping>,
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
    let bookings = Arc::new(OneBooking {
        says: Mutex::new(Says::Drives("ravi")),
        ends_at: now() + SignedDuration::from_hours(8),
    });
    let clock = Arc::new(Leaping::default());
    let wiring = Wiring {
        log,
        clock: clock.clone(),
        commands: Commands::new(env),
        spawn: Arc::new(TokioSpawn),
        consumers: Consumers::default(),
        bookings: bookings.clone(),
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
        bookings,
        clock,
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

    /// A stream of the trip's positions, for the rider.
    pub async fn stream(&self, token: &str) -> Body {
        let mut request = Request::get(trip("position/stream"))
            .header("consistency-token", token)
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(caller("asha", Role::Rider));
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body()
    }
}

pub fn trip(rest: &str) -> String {
    format!("/v1/trips/{}/{rest}", booking())
}

/// Waits until a trip's driver has arrived.
pub async fn arrived(node: &Node, who: Caller) {
    for _ in 0..200 {
        let (_, body) = node.get(who, &trip("tracking"), None).await;
        if body["arrived"] == json!(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the arrival was never told");
}

/// The latitude of a stream's next position; nothing at its end.
pub async fn next(stream: &mut Body) -> Option<f64> {
    loop {
        let frame = timeout(PATIENCE, stream.frame()).await;
        let frame = frame.expect("a position comes, or the end")?;
        let bytes = frame.unwrap().into_data().unwrap_or_default();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let data = text.lines().find_map(|line| line.strip_prefix("data:"));
        if let Some(data) = data {
            let event: Value = serde_json::from_str(data.trim()).unwrap();
            return event["point"]["lat"].as_f64();
        }
    }
}

pub fn fix(seq: u64, lat: f64) -> Value {
    json!({
        "device": "phone", "seq": seq, "at": now() - SignedDuration::from_secs(600 - 30 * seq as i64),
        "point": {"lat": lat, "lon": PICKUP.1}, "accuracy_m": 8.0, "booking": booking(),
    })
}
