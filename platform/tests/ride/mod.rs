//! A whole ride through the HTTP API: signed up, quoted, booked, paid, assigned, driven, settled. The same story
//! runs on the embedded log and on Kafka, in one process and in several.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    unused_imports,
    reason = "tests, of which each uses a part"
)]

mod person;
mod world;

pub use person::Person;
pub use world::{Sandbox, World, node, register, register_support, world};

use interstate_eventing::runtime::Clock;
use interstate_schemas::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

const STAFF_PASSWORD: &str = "the staff's password";

/// A platform as its riders and drivers see it.
pub struct Platform {
    /// Where its instances answer.
    pub urls: Vec<String>,
    /// Log time.
    pub clock: Arc<dyn Clock>,
    /// How long before the pickup the trip is booked. Three hours before, offers stand for too short a time for
    /// a clock that runs this fast.
    pub ahead: SignedDuration,
    /// Whether its people put up with trouble, and repeat what was refused because of it.
    pub patient: bool,
    /// Told when the story has come to the assignment: from there to the pickup it waits for a while.
    pub assigned: Arc<Notify>,
}

impl Platform {
    /// Somebody new, signed up and logged in.
    pub async fn signed_up(&self, name: &str, phone: &str, role: &str) -> Person {
        let email = format!("{name}@example.org");
        let password = "correct horse battery";
        let person =
            json!({ "name": name, "email": email, "phone": phone, "password": password, "role": role });
        let nobody = Person::nobody(&self.urls, name, self.patient);
        nobody.post("/v1/users", "sign-up", person).await;
        nobody.log_in(&email, password).await
    }

    /// Lets log time pass.
    async fn waits_until(&self, moment: Timestamp) {
        while self.clock.now() < moment {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Somebody of the staff who was registered under this name.
    pub async fn staff(&self, name: &str) -> Person {
        let nobody = Person::nobody(&self.urls, name, self.patient);
        nobody
            .log_in(&format!("{name}@example.org"), STAFF_PASSWORD)
            .await
    }
}

/// A driver in Ahmedabad with all papers, approved and online.
async fn driver(platform: &Platform, support: &Person) -> Person {
    let driver = platform.signed_up("devi", "+919812345601", "driver").await;
    let profile =
        json!({ "home_state": "GJ", "drives_at_night": true, "hill_roads": true, "name": "Devi Lal" });
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
    driver
        .post_until_taken("/v1/drivers/me/submit", "submit", Value::Null)
        .await;
    let id = me["driver"].as_str().unwrap();
    let waiting = support
        .until("/v1/drivers?status=submitted", "a driver to approve", |page| {
            page["items"].as_array().is_some_and(|all| !all.is_empty())
        })
        .await;
    let (first, count) = (&waiting["items"][0], waiting["items"].as_array().unwrap().len());
    assert_eq!((first["driver"].as_str(), count), (Some(id), 1), "{waiting}");
    assert_eq!(first["vehicles"][0]["plate_ending"], "1234", "{waiting}");
    let (status, _) = driver.try_get("/v1/drivers").await;
    assert_eq!(status, 403, "only support looks through drivers");
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

/// The driver takes the first offer that still stands: at this speed one stands for a second, or half of one.
async fn accept(driver: &Person, rider: &Person, booking: &str) {
    let began = Instant::now();
    loop {
        let offers = driver.get("/v1/drivers/me/offers").await;
        let Some(offer) = offers["offers"].as_array().and_then(|all| all.first()) else {
            if began.elapsed() > Duration::from_secs(30) {
                let (_, search) = rider.try_get(&format!("{booking}/dispatch")).await;
                panic!("no offer comes: {:#}\n{search:#}", rider.get(booking).await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (dispatch, id) = (
            offer["dispatch"].as_str().unwrap(),
            offer["offer"].as_str().unwrap(),
        );
        let path = format!("/v1/dispatches/{dispatch}/offers/{id}/accept");
        let (status, answer) = driver.try_post(&path, &format!("accept-{id}"), Value::Null).await;
        if status < 300 {
            return;
        }
        assert!(
            answer["code"] == "offer-expired" && began.elapsed() < Duration::from_secs(30),
            "the offer is not taken: {status} {answer}"
        );
    }
}

/// The driver's calendar shows the trip, and nothing else.
async fn has_duty(driver: &Person, booking: &str, state: &str) {
    let shown = |found: &Value| {
        let duties = found["duties"].as_array().map_or(&[][..], Vec::as_slice);
        matches!(duties, [duty] if duty["booking"] == booking && duty["state"] == state)
    };
    driver.until("/v1/drivers/me/duties", state, shown).await;
}

/// The story.
pub async fn ride(platform: &Platform) -> String {
    let support = platform.staff("support").await;
    let driver = driver(platform, &support).await;
    let rider = platform.signed_up("asha", "+919812345602", "rider").await;

    let pickup = platform.clock.now() + platform.ahead;
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
    // At whichever instance: the token that came with the answer brings it up to there.
    let found = rider.get(&path).await;
    assert_eq!(found["booking"], booking.as_str());
    assert_eq!(
        found.get("driver"),
        None,
        "nobody is shown before somebody is assigned"
    );

    accept(&driver, &rider, &path).await;
    let assigned = rider
        .until(&path, "the assignment", |found| found["state"] == "ASSIGNED")
        .await;
    let who = &assigned["driver"];
    assert_eq!(
        (&who["name"], &who["plate_ending"], &who["class"], &who["seats"]),
        (&json!("Devi Lal"), &json!("1234"), &json!("SEDAN"), &json!(4)),
        "the rider knows whom to look for: {assigned}"
    );
    let theirs = driver.until(&path, "the driver's own trip", |_| true).await;
    assert_eq!(theirs["driver"].get("name"), None, "{theirs}");
    assert_eq!(
        assigned["money"]["captured"], assigned["money"]["advance"],
        "the advance is taken"
    );
    has_duty(&driver, &booking, "reserved").await;
    platform.assigned.notify_one();
    let (status, problem) = platform
        .signed_up("eve", "+919812345603", "rider")
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

    platform.waits_until(pickup).await;
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
    // In less time nobody drives so far.
    platform
        .waits_until(platform.clock.now() + SignedDuration::from_mins(90))
        .await;
    let invoice = driver.post(&format!("{path}/end"), "end", record).await;
    let payable = invoice["payable"]["amount"].as_i64().unwrap();
    rider
        .until(&path, "the invoice", |found| found["state"] == "COMPLETED")
        .await;
    rider
        .until(&format!("{path}/dispatch"), "the search", |_| true)
        .await;
    // The settlement reaches payment by message; until then there is nothing to pay.
    let cash = json!({ "method": { "kind": "cash" } });
    driver
        .post_until_taken(&format!("{path}/balance"), "cash", cash)
        .await;
    // His word alone closes nothing.
    rider
        .post(&format!("{path}/cash"), "paid", json!({ "paid": true }))
        .await;
    let closed = rider
        .until(&path, "the end", |found| found["state"] == "CLOSED")
        .await;
    assert_eq!(closed["money"]["payable"]["amount"].as_i64().unwrap(), payable);
    assert_eq!(closed["money"]["balance"]["amount"], 0);
    has_duty(&driver, &booking, "closed").await;
    booking
}
