//! The whole platform, killed with -9 again and again while riders book: nothing acknowledged is gone, nothing
//! happened twice.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const ROUNDS: usize = 4;
const CLIENTS: usize = 4;

/// A process that ends with the test.
struct Platform {
    child: Child,
    url: String,
}

impl Platform {
    async fn start(dir: &Path, port: u16) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_interstate"))
            .args(["up", "--plain", "--log-level", "error"])
            // All these requests are one rider's.
            .envs([("RATE_PER_ADDRESS", "0"), ("RATE_PER_USER", "0")])
            .args(["--port", &port.to_string()])
            .arg("--data-dir")
            .arg(dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let began = Instant::now();
        loop {
            match reqwest::get(format!("{url}/ready")).await {
                Ok(answer) if answer.status().is_success() => return Self { child, url },
                _ if began.elapsed() > Duration::from_secs(60) => {
                    panic!("the platform does not become ready")
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request, as often as it takes: with the same key it is the same request.
async fn post(url: &str, token: Option<&str>, key: &str, body: &Value) -> Option<Value> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let mut request = client.post(url).header("Idempotency-Key", key).json(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    answer.json().await.ok()
}

async fn log_in(url: &str) -> String {
    let person = json!({ "name": "Asha", "email": "asha@example.org", "phone": "+919812345678",
        "password": "correct horse", "role": "rider" });
    post(&format!("{url}/v1/users"), None, "sign-up", &person).await;
    let login = json!({ "email": "asha@example.org", "password": "correct horse" });
    let key = format!("log-in-{}", std::process::id());
    let tokens = post(&format!("{url}/v1/sessions"), None, &key, &login)
        .await
        .expect("a login");
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// Quotes and books until the platform goes away; keeps what was acknowledged by its key.
async fn book(url: String, token: String, name: String, acknowledged: Arc<Mutex<BTreeMap<String, String>>>) {
    let pickup = interstate_eventing::runtime::MachineClock::machine_now()
        + interstate_schemas::SignedDuration::from_hours(60);
    for n in 0.. {
        let key = format!("{name}-{n}");
        let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
            "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
        let Some(quote) = post(&format!("{url}/v1/quotes"), Some(&token), &key, &wanted).await else {
            return;
        };
        let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
        let Some(booked) = post(&format!("{url}/v1/bookings"), Some(&token), &key, &order).await else {
            return;
        };
        let row = json!([booked["booking"], order]).to_string();
        acknowledged.lock().unwrap().insert(key, row);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_it_at_any_moment_and_it_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let port = 18_000 + (std::process::id() % 1_000) as u16 * 10;
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    for round in 0..ROUNDS {
        let platform = Platform::start(dir.path(), port).await;
        let token = log_in(&platform.url).await;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let name = format!("{round}-{client}");
                tokio::spawn(book(
                    platform.url.clone(),
                    token.clone(),
                    name,
                    acknowledged.clone(),
                ))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(1_200 + 170 * round as u64)).await;
        platform.kill();
        for client in clients {
            client.await.unwrap();
        }
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(
        acknowledged.len() > ROUNDS * CLIENTS,
        "only {} bookings were acknowledged",
        acknowledged.len()
    );

    let platform = Platform::start(dir.path(), port).await;
    let token = log_in(&platform.url).await;
    for (key, row) in &acknowledged {
        let row: Value = serde_json::from_str(row).unwrap();
        let booking = row[0].as_str().unwrap();
        let again = post(
            &format!("{}/v1/bookings", platform.url),
            Some(&token),
            key,
            &row[1],
        )
        .await
        .expect("the same reply");
        assert_eq!(
            again["booking"], booking,
            "a repeated request made another booking"
        );
        let found = reqwest::Client::new()
            .get(format!("{}/v1/bookings/{booking}", platform.url))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap();
        assert_eq!(found.status(), 200, "{booking} was acknowledged and is gone");
    }
    settle(&platform, &token, acknowledged.len()).await;
    books_agree(dir.path(), port).await;
}

/// Every advance is captured once: the pickups lie more than two days ahead.
async fn settle(platform: &Platform, token: &str, count: usize) {
    let began = Instant::now();
    loop {
        let mut confirmed = 0;
        let mut cursor = String::new();
        loop {
            let page: Value = reqwest::Client::new()
                .get(format!("{}/v1/bookings?limit=100{cursor}", platform.url))
                .bearer_auth(token)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let items = page["items"].as_array().unwrap();
            confirmed += items.iter().filter(|item| item["state"] == "CONFIRMED").count();
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if confirmed >= count {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{confirmed} of {count} bookings are confirmed"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The provider's book holds each operation of ours once, and `doctor` finds nothing wrong.
async fn books_agree(dir: &Path, port: u16) {
    let mut references: BTreeMap<String, usize> = BTreeMap::new();
    let mut captured = 0;
    let mut after = String::new();
    loop {
        let url = format!("http://127.0.0.1:{}/v1/book?limit=500{after}", port + 90);
        let book: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let intents = book["data"].as_array().expect("the book's page").clone();
        for intent in &intents {
            captured += i64::from(intent["amount_captured"].as_i64().unwrap_or(0) > 0);
            *references
                .entry(intent["reference"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
        match book["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(captured > 0, "nothing was captured");
    let twice: Vec<_> = references.iter().filter(|(_, count)| **count > 1).collect();
    assert!(
        twice.is_empty(),
        "operations reached the provider twice: {twice:?}"
    );
    let doctor = Command::new(env!("CARGO_BIN_EXE_interstate"))
        .args([
            "doctor",
            "--url",
            &format!("http://127.0.0.1:{port}"),
            "--data-dir",
        ])
        .arg(dir)
        .output()
        .unwrap();
    assert!(
        doctor.status.success(),
        "{}",
        String::from_utf8_lossy(&doctor.stdout)
    );
}
