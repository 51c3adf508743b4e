//! Clients that send one command after the other, each until it is answered, and measure how long that took.

use interstate_schemas::SignedDuration;
use rand::Rng;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// Between two tries of the same request.
const AGAIN: Duration = Duration::from_millis(50);
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(300);
/// After this long a client that still gets no answer says so.
const LOST: Duration = Duration::from_secs(120);
const PASSWORD: &str = "correct horse battery";

/// A request from its first try to its answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `booking`.
    pub service: &'static str,
    /// Whether it reads only.
    pub reads: bool,
    /// Its first try.
    pub from: Instant,
    /// Its answer.
    pub until: Instant,
}

/// A booking that somebody was told of.
#[derive(Debug, Clone)]
pub struct Booked {
    /// The request, to repeat it.
    pub key: String,
    /// Its body.
    pub order: Value,
    /// What it was answered with.
    pub booking: String,
    /// Which of the riders.
    pub rider: usize,
    /// When it was answered.
    pub at: Instant,
}

/// What the clients have seen.
#[derive(Default)]
pub struct Seen {
    asked: Mutex<Vec<Asked>>,
    booked: Mutex<Vec<Booked>>,
    wrong: Mutex<Vec<String>>,
}

impl Seen {
    /// All requests that were answered.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.asked).clone()
    }

    /// All bookings that were acknowledged.
    pub fn booked(&self) -> Vec<Booked> {
        lock(&self.booked).clone()
    }

    /// Answers that must not be, whatever happens to a platform.
    pub fn wrong(&self) -> Vec<String> {
        lock(&self.wrong).clone()
    }

    fn note(&self, service: &'static str, reads: bool, from: Instant) {
        let until = Instant::now();
        lock(&self.asked).push(Asked {
            service,
            reads,
            from,
            until,
        });
    }

    fn is_wrong(&self, what: String) {
        tracing::error!(what, "a client got a wrong answer");
        lock(&self.wrong).push(what);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clients at work.
pub struct Probes {
    /// What they have seen.
    pub seen: Arc<Seen>,
    people: Vec<Arc<Person>>,
    stop: Arc<AtomicBool>,
    working: Vec<JoinHandle<()>>,
}

/// Somebody with a login.
pub struct Person {
    http: reqwest::Client,
    gateway: String,
    tokens: Mutex<(String, String)>,
}

impl Probes {
    /// So many riders and a driver sign up and begin. Keys begin with the seed.
    pub async fn start(
        gateway: &str,
        clock: impl Fn() -> interstate_schemas::Timestamp + Clone + Send + 'static,
        riders: usize,
    ) -> Result<Self, String> {
        let (seen, stop) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)));
        let (mut people, mut working) = (Vec::new(), Vec::new());
        for number in 0..riders {
            let person = Arc::new(Person::sign_up(gateway, "rider", number).await?);
            people.push(person.clone());
            let (clock, seen, stop) = (clock.clone(), seen.clone(), stop.clone());
            working.push(tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    person.book(&seen, number, clock()).await;
                    person.look(&seen).await;
                    tokio::time::sleep(PAUSE).await;
                }
            }));
        }
        let (driver, user) = futures::try_join!(
            Person::sign_up(gateway, "driver", riders),
            Person::sign_up(gateway, "rider", riders + 1),
        )?;
        let profile =
            json!({ "home_state": "GJ", "drives_at_night": true, "hill_roads": true, "name": "Dinesh" });
        driver.insist("POST", "/v1/drivers", profile).await?;
        let (told, over) = (seen.clone(), stop.clone());
        working.push(tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let body = json!({ "online": false });
                driver
                    .command(&told, "driver", "/v1/drivers/me/availability", body)
                    .await;
                tokio::time::sleep(PAUSE).await;
            }
        }));
        let (told, over) = (seen.clone(), stop.clone());
        working.push(tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                user.renew(&told).await;
                tokio::time::sleep(PAUSE * 3).await;
            }
        }));
        Ok(Self {
            seen,
            people,
            stop,
            working,
        })
    }

    /// Everybody finishes the request at hand.
    pub async fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for working in self.working.drain(..) {
            if let Err(error) = working.await {
                self.seen.is_wrong(format!("a client ended: {error}"));
            }
        }
    }

    /// Repeats every acknowledged booking that is not older than this: the answer has to be the same.
    pub async fn repeat(&self, memory: Duration) -> Result<usize, String> {
        let booked = self.seen.booked();
        let mut repeated = 0;
        for one in booked.iter().filter(|one| one.at.elapsed() < memory) {
            repeated += 1;
            let rider = &self.people[one.rider];
            let answer = rider
                .insist_with(&one.key, "POST", "/v1/bookings", one.order.clone())
                .await?;
            if answer["booking"] != one.booking.as_str() {
                let what = format!("repeating {} gave {answer}, not {}", one.key, one.booking);
                self.seen.is_wrong(what);
            }
        }
        Ok(repeated)
    }
}

impl Person {
    /// A rider whom nobody has seen before.
    pub async fn stranger(gateway: &str) -> Result<Self, String> {
        Self::sign_up(gateway, "rider", rand::rng().random_range(1_000..99_999)).await
    }

    /// Sends a command once, whatever comes of it. Answers its status.
    pub async fn try_once(&self, path: &str, body: &Value) -> u16 {
        self.once(&new_key(), "POST", path, body).await.0
    }

    async fn sign_up(gateway: &str, role: &str, number: usize) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(12))
            .build()
            .map_err(|error| error.to_string())?;
        let person = Self {
            http,
            gateway: gateway.to_owned(),
            tokens: Mutex::default(),
        };
        let email = format!("probe-{number}@chaos.example");
        let body = json!({ "name": format!("Probe {number}"), "email": email, "role": role,
            "phone": format!("+9170000{number:05}"), "password": PASSWORD });
        person.insist("POST", "/v1/users", body).await?;
        let login = json!({ "email": email, "password": PASSWORD });
        let tokens = person.insist("POST", "/v1/sessions", login).await?;
        person.keep(&tokens);
        Ok(person)
    }

    fn keep(&self, tokens: &Value) {
        let text = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        *lock(&self.tokens) = (text("access_token"), text("refresh_token"));
    }

    /// A price, and a booking at it. A price that ends while the platform is in trouble is asked for again.
    async fn book(&self, seen: &Seen, rider: usize, now: interstate_schemas::Timestamp) {
        let from = Instant::now();
        // Far ahead, whatever the clock's speed: drivers are sought only from two days before the pickup.
        let pickup = now.saturating_add(SignedDuration::from_hours(20 * 24));
        let pickup = pickup.unwrap_or(now).to_string();
        let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup,
            "stops": [{ "name": "Mumbai" }, { "name": "Pune" }] });
        loop {
            let quote = match self.insist("POST", "/v1/quotes", wanted.clone()).await {
                Ok(quote) => quote,
                Err(why) => return seen.is_wrong(why),
            };
            let order =
                json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
            let key = new_key();
            let answer = self
                .insist_with(&key, "POST", "/v1/bookings", order.clone())
                .await;
            match answer {
                Ok(answer) if answer["code"] == "quote-expired" => continue,
                Ok(answer) => {
                    let booking = answer["booking"].as_str().unwrap_or_default().to_owned();
                    if booking.is_empty() {
                        return seen.is_wrong(format!("a booking was answered with {answer}"));
                    }
                    lock(&seen.booked).push(Booked {
                        key,
                        order,
                        booking,
                        rider,
                        at: Instant::now(),
                    });
                    return seen.note("booking", false, from);
                }
                Err(why) => return seen.is_wrong(why),
            }
        }
    }

    /// Reads the list of the own bookings.
    async fn look(&self, seen: &Seen) {
        let from = Instant::now();
        match self.insist("GET", "/v1/bookings?limit=5", Value::Null).await {
            Ok(_) => seen.note("booking", true, from),
            Err(why) => seen.is_wrong(why),
        }
    }

    async fn command(&self, seen: &Seen, service: &'static str, path: &str, body: Value) {
        let from = Instant::now();
        match self.insist("POST", path, body).await {
            Ok(_) => seen.note(service, false, from),
            Err(why) => seen.is_wrong(why),
        }
    }

    /// Exchanges the refresh token.
    async fn renew(&self, seen: &Seen) {
        let from = Instant::now();
        let body = json!({ "refresh_token": lock(&self.tokens).1 });
        match self.insist("POST", "/v1/sessions/refresh", body).await {
            Ok(tokens) => {
                self.keep(&tokens);
                seen.note("user", false, from);
            }
            Err(why) => seen.is_wrong(why),
        }
    }

    async fn insist(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        self.insist_with(&new_key(), method, path, body).await
    }

    /// Sends a request until it is answered; what it is answered with, where that may be.
    async fn insist_with(&self, key: &str, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let began = Instant::now();
        loop {
            let (status, answer) = self.once(key, method, path, &body).await;
            let code = answer["code"].as_str().unwrap_or_default();
            match status {
                200..300 => return Ok(answer),
                // Its time was over before the platform was back.
                _ if code == "quote-expired" => return Ok(answer),
                401 if path != "/v1/sessions/refresh" && !lock(&self.tokens).1.is_empty() => {
                    let body = json!({ "refresh_token": lock(&self.tokens).1 });
                    let renewed = Box::pin(self.insist("POST", "/v1/sessions/refresh", body)).await?;
                    self.keep(&renewed);
                }
                0 | 429 | 500.. if began.elapsed() < LOST => tokio::time::sleep(AGAIN).await,
                _ => {
                    return Err(format!(
                        "{method} {path}: {status} {answer} after {:?}",
                        began.elapsed()
                    ));
                }
            }
        }
    }

    async fn once(&self, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.gateway);
        let mut request = match method {
            "GET" => self.http.get(url),
            _ => self.http.post(url).header("idempotency-key", key).json(body),
        };
        let access = lock(&self.tokens).0.clone();
        if !access.is_empty() {
            request = request.bearer_auth(access);
        }
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                (status, answer.json().await.unwrap_or_default())
            }
            Err(error) => (0, Value::String(error.to_string())),
        }
    }
}

/// Nobody else has it.
fn new_key() -> String {
    format!("probe-{:032x}", rand::rng().random::<u128>())
}
