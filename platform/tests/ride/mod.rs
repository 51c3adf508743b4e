//! A whole ride through the HTTP API: signed up, quoted, booked, paid, assigned, driven, settled. The same story
//! runs on the embedded log and on Kafka.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![allow(dead_code, reason = "each test uses its own part of it")]

use interstate::node::{Node, Settings};
use interstate_auth::{Email, Phone};
use interstate_config::{CommonArgs, Provider, Secret};
use interstate_http::Shutdown;
use interstate_schemas::{Role, SignedDuration, Timestamp};
use interstate_user::api::NewPerson;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// A platform with its provider.
pub struct World {
    pub node: Node,
    sandbox: Shutdown,
}

/// Starts one in this folder, an hour of log time in six seconds.
pub async fn world(dir: &Path, kafka: Option<&str>) -> World {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sandbox = Shutdown::new();
    let until = sandbox.clone();
    let config = interstate_sandbox::Config {
        data: Some(dir.join("sandbox")),
        ..Default::default()
    };
    tokio::spawn(interstate_sandbox::serve(config, listener, async move {
        until.cancelled().await
    }));
    let args = CommonArgs {
        port: Some("0".to_owned()),
        data_dir: Some(dir.display().to_string()),
        kafka_brokers: kafka.map(str::to_owned),
        clock_factor: Some("600".to_owned()),
        ..CommonArgs::default()
    };
    let settings = Settings {
        common: args.validate().unwrap(),
        provider: Some(Provider {
            url,
            webhook_secret: Secret::new("a secret of the two of us, long enough"),
        }),
        services: Vec::new(),
        demonstration: true,
    };
    World {
        node: Node::start(settings).await.unwrap(),
        sandbox,
    }
}

impl World {
    pub async fn stop(self) {
        self.node.stop().await;
        self.sandbox.cancel();
    }
}

/// Somebody with a login.
pub struct Person {
    url: String,
    token: String,
    name: String,
    http: reqwest::Client,
}

impl Person {
    async fn log_in(url: &str, name: &str, email: &str, password: &str) -> Self {
        let mut person = Self {
            url: url.to_owned(),
            token: String::new(),
            name: name.to_owned(),
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap(),
        };
        let tokens = person
            .post(
                "/v1/sessions",
                "log-in",
                json!({ "email": email, "password": password }),
            )
            .await;
        person.token = tokens["access_token"].as_str().unwrap().to_owned();
        person
    }

    /// The access token of this login.
    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Value {
        let (status, answer) = self.try_post(path, key, body).await;
        assert!(status < 300, "{} POST {path}: {status} {answer}", self.name);
        answer
    }

    pub async fn try_post(&self, path: &str, key: &str, body: Value) -> (u16, Value) {
        let mut request = self.http.post(format!("{}{path}", self.url));
        request = request
            .header("Idempotency-Key", format!("{}-{key}", self.name))
            .json(&body);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.try_get(path).await;
        assert!(status < 300, "{} GET {path}: {status} {body}", self.name);
        body
    }

    async fn try_get(&self, path: &str) -> (u16, Value) {
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or(Value::Null),
        )
    }

    /// Looks until something is so. Read models follow the log, so what was just written may not be there yet.
    pub async fn until(&self, path: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let (status, found) = self.try_get(path).await;
            if status < 300 && so(&found) {
                return found;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{what} does not come: {status} {found:#}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

pub fn url(world: &World) -> String {
    format!("http://{}", world.node.address())
}

pub async fn signed_up(world: &World, name: &str, phone: &str, role: &str) -> Person {
    let email = format!("{name}@example.org");
    let (url, password) = (url(world), "correct horse battery");
    let nobody = Person {
        url: url.clone(),
        token: String::new(),
        name: name.to_owned(),
        http: reqwest::Client::new(),
    };
    let person = json!({ "name": name, "email": email, "phone": phone, "password": password, "role": role });
    nobody.post("/v1/users", "sign-up", person).await;
    Person::log_in(&url, name, &email, password).await
}

pub async fn support(world: &World) -> Person {
    staff(world, "support", "+919800000001", Role::Support).await
}

pub async fn admin(world: &World) -> Person {
    staff(world, "admin", "+919800000002", Role::Admin).await
}

async fn staff(world: &World, name: &str, phone: &str, role: Role) -> Person {
    let (email, password) = (format!("{name}@example.org"), format!("{name} {name}"));
    let person = NewPerson {
        name: name.to_owned(),
        email: email.parse::<Email>().unwrap(),
        phone: phone.parse::<Phone>().unwrap(),
        password: password.clone(),
        role,
    };
    world
        .node
        .accounts
        .as_ref()
        .unwrap()
        .register_staff(person)
        .await
        .map_err(|problem| format!("{problem:?}"))
        .unwrap();
    Person::log_in(&url(world), name, &email, &password).await
}

/// A driver in Ahmedabad with all papers, approved and online.
pub async fn driver(world: &World, support: &Person) -> Person {
    let driver = signed_up(world, "devi", "+919812345601", "driver").await;
    let profile = json!({ "home_state": "GJ", "drives_at_night": true, "hill_roads": true });
    driver.post("/v1/drivers", "register", profile).await;
    let paper =
        |kind: &str| json!({ "kind": kind, "valid_from": "2026-01-01", "valid_through": "2030-12-31" });
    for kind in ["DRIVING_LICENCE", "POLICE_CHECK", "MEDICAL", "PSV_BADGE"] {
        driver.post("/v1/drivers/me/documents", kind, paper(kind)).await;
    }
    let papers: Vec<Value> = [
        "REGISTRATION",
        "FITNESS",
        "INSURANCE",
        "PUC",
        "ALL_INDIA_TOURIST_PERMIT",
    ]
    .map(paper)
    .to_vec();
    let vehicle = json!({ "plate": "GJ 01 AB 1234", "documents": papers, "description": {
        "class": "SEDAN", "seats": 4, "bags": 2, "home_state": "GJ", "first_registered": "2024-01-01", "fuel": "PETROL" } });
    driver.post("/v1/drivers/me/vehicles", "vehicle", vehicle).await;
    let me = driver
        .until("/v1/drivers/me", "a vehicle", |me| {
            me["vehicles"].as_array().is_some_and(|all| !all.is_empty())
        })
        .await;
    // The plate is looked up meanwhile; until then there is nothing to submit.
    let began = Instant::now();
    while driver
        .try_post(
            "/v1/drivers/me/submit",
            &format!("submit-{}", began.elapsed().as_millis()),
            Value::Null,
        )
        .await
        .0
        >= 300
    {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the driver cannot be submitted"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let id = me["driver"].as_str().unwrap();
    support
        .post(&format!("/v1/drivers/{id}/approve"), "approve", Value::Null)
        .await;
    driver
        .until("/v1/drivers/me", "an active driver", |me| {
            me["status"] == "approved"
        })
        .await;
    driver
        .post("/v1/drivers/me/availability", "online", json!({ "online": true }))
        .await;
    driver
}

/// Log time, from the platform.
pub async fn now(world: &World) -> Timestamp {
    world.node.status().await.now
}

/// The story.
pub async fn ride(world: &World) -> String {
    let support = support(world).await;
    let driver = driver(world, &support).await;
    let rider = signed_up(world, "asha", "+919812345602", "rider").await;

    let pickup = now(world).await + SignedDuration::from_hours(5);
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
    let quote = rider.post("/v1/quotes", "quote", wanted).await;
    assert_eq!(quote["route"]["source"], "approximate");
    let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
    let booked = rider.post("/v1/bookings", "book", order.clone()).await;
    assert_eq!(
        rider.post("/v1/bookings", "book", order).await,
        booked,
        "the same request is the same booking"
    );
    let booking = booked["booking"].as_str().unwrap().to_owned();
    let path = format!("/v1/bookings/{booking}");

    let offers = driver
        .until("/v1/drivers/me/offers", "an offer", |found| {
            found["offers"].as_array().is_some_and(|all| !all.is_empty())
        })
        .await;
    let offer = &offers["offers"][0];
    let (dispatch, id) = (
        offer["dispatch"].as_str().unwrap(),
        offer["offer"].as_str().unwrap(),
    );
    driver
        .post(
            &format!("/v1/dispatches/{dispatch}/offers/{id}/accept"),
            "accept",
            Value::Null,
        )
        .await;
    let assigned = rider
        .until(&path, "the assignment", |found| found["state"] == "ASSIGNED")
        .await;
    assert_eq!(
        assigned["money"]["captured"], assigned["money"]["advance"],
        "the advance is taken"
    );
    let (status, problem) = signed_up(world, "eve", "+919812345603", "rider")
        .await
        .try_post(
            &format!("{path}/cancel"),
            "cancel",
            json!({ "as": "rider", "reason": "CHANGED_PLANS" }),
        )
        .await;
    assert!(
        status == 403 || status == 404,
        "somebody else cancels: {status} {problem}"
    );

    while now(world).await < pickup {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    driver
        .post(&format!("{path}/arrive"), "arrive", Value::Null)
        .await;
    let code = rider.get(&path).await["start_code"]
        .as_str()
        .expect("the rider sees the code")
        .to_owned();
    driver
        .post(&format!("{path}/start"), "start", json!({ "code": code }))
        .await;
    let record = json!({ "metres": 270_400 });
    let invoice = driver.post(&format!("{path}/end"), "end", record).await;
    let payable = invoice["payable"]["amount"].as_i64().unwrap();
    rider
        .until(&path, "the invoice", |found| found["state"] == "COMPLETED")
        .await;
    rider
        .until(&format!("{path}/dispatch"), "the search", |_| true)
        .await;
    // The settlement reaches payment by message; until then there is nothing to pay.
    let began = Instant::now();
    let cash = json!({ "method": { "kind": "cash" } });
    while driver
        .try_post(
            &format!("{path}/balance"),
            &format!("cash-{}", began.elapsed().as_millis()),
            cash.clone(),
        )
        .await
        .0
        >= 300
    {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the balance cannot be paid"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let closed = rider
        .until(&path, "the end", |found| found["state"] == "CLOSED")
        .await;
    assert_eq!(closed["money"]["payable"]["amount"].as_i64().unwrap(), payable);
    assert_eq!(closed["money"]["balance"]["amount"], 0);
    booking
}
