//! The edge of a running platform: keys that are used twice, limits, and what its operator asks for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use interstate::operator::{Client, MOST_TOLD};
use interstate_config::CommonArgs;
use interstate_eventing::envelope::{Command as Asked, CommandMeta, Origin};
use interstate_log::{Topic, TopicKind};
use interstate_schemas::{Actor, Address, CommandId};
use serde_json::{Value, json};
use std::{path::Path, process::Command};

fn told(args: &[&str], url: &str, dir: &Path) -> (bool, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_interstate"))
        .args(args)
        .args(["--url", url, "--data-dir"])
        .arg(dir)
        .output()
        .unwrap();
    let text = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_for_one_request_whatever_the_request_is_about() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let platform = world.platform();
    let rider = platform.signed_up("rhea", "+919812345611", "rider").await;
    let driver = platform.signed_up("dara", "+919812345612", "driver").await;
    let refused = |(status, problem): (u16, Value)| {
        assert_eq!(
            (status, problem["code"].as_str()),
            (422, Some("idempotency-key-reused")),
            "{problem}"
        );
    };

    let pickup = platform.clock.now() + platform.ahead;
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
    let mut quotes = Vec::new();
    for key in ["q-1", "q-2"] {
        let quote = rider.post("/v1/quotes", key, wanted.clone()).await;
        quotes.push(json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } }));
    }
    let booked = rider.post("/v1/bookings", "kx", quotes[0].clone()).await;
    refused(rider.try_post("/v1/bookings", "kx", quotes[1].clone()).await);
    let again = rider.post("/v1/bookings", "kx", quotes[0].clone()).await;
    assert_eq!(again, booked, "the same request is the same booking");
    rider.post("/v1/bookings", "ky", quotes[1].clone()).await;

    let vehicle = |plate: &str| {
        json!({ "plate": plate, "description": { "class": "SEDAN", "seats": 4, "bags": 2, "home_state": "GJ",
            "first_registered": "2024-01-01", "fuel": "PETROL" } })
    };
    let profile = json!({ "home_state": "GJ", "drives_at_night": true, "hill_roads": true });
    driver.post("/v1/drivers", "register", profile).await;
    driver
        .post("/v1/drivers/me/vehicles", "v", vehicle("GJ 01 AB 1234"))
        .await;
    refused(
        driver
            .try_post("/v1/drivers/me/vehicles", "v", vehicle("GJ 01 AB 9999"))
            .await,
    );

    let person = |email: &str, phone: &str, password: &str| json!({ "name": "Noor", "email": email, "phone": phone, "password": password, "role": "rider" });
    let nobody = ride::Person::nobody(&platform.urls, "nobody", false);
    let short = person("noor@example.org", "+919812345613", "short");
    assert_eq!(
        nobody.try_post("/v1/users", "su", short).await.0,
        422,
        "and no use of the key"
    );
    let noor = person("noor@example.org", "+919812345613", "correct horse battery");
    let made = nobody.post("/v1/users", "su", noor.clone()).await;
    assert_eq!(nobody.post("/v1/users", "su", noor).await, made);
    for (email, phone, password) in [
        ("other@example.org", "+919812345614", "correct horse battery"),
        ("noor@example.org", "+919812345613", "another password"),
    ] {
        refused(
            nobody
                .try_post("/v1/users", "su", person(email, phone, password))
                .await,
        );
    }

    let login = |email: &str, password: &str| json!({ "email": email, "password": password });
    let wrong = login("noor@example.org", "a mistyped password");
    assert_eq!(nobody.try_post("/v1/sessions", "li", wrong).await.0, 401);
    let right = login("noor@example.org", "correct horse battery");
    let first = nobody.post("/v1/sessions", "li", right.clone()).await;
    let again = nobody.post("/v1/sessions", "li", right).await;
    assert_eq!(
        again["session"], first["session"],
        "the same request is the same login"
    );
    let other = login("rhea@example.org", "correct horse battery");
    refused(nobody.try_post("/v1/sessions", "li", other.clone()).await);
    nobody.post("/v1/sessions", "another", other).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_no_driver_is_told_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let platform = world.platform();
    let rider = platform.signed_up("rhea", "+919812345611", "rider").await;
    let pickup = platform.clock.now() + platform.ahead;
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
    let quote = rider.post("/v1/quotes", "quote", wanted).await;
    let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
    let booked = rider.post("/v1/bookings", "book", order).await;
    let booking = booked["booking"].as_str().unwrap();
    let path = format!("/v1/bookings/{booking}");
    assert_eq!(rider.get(&path).await.get("explanation"), None);
    let ended = |found: &Value| found["state"] == "UNFULFILLED";
    let found = rider.until(&path, "the end of the search", ended).await;
    assert_eq!(found["because"], "dispatch.no_driver");
    let sentence = found["explanation"].as_str().unwrap();
    assert!(
        sentence.starts_with("No driver could take the trip"),
        "{sentence}"
    );
    let (status, _) = rider.try_get("/v1/positions/nearest?lat=23.03&lon=72.57").await;
    assert_eq!(status, 403, "only staff look for drivers by themselves");
    let key = interstate::operator::key(dir.path()).unwrap();
    let story = reqwest::Client::new()
        .get(format!("{}/operator/explain/{booking}", platform.urls[0]))
        .header(interstate::operator::KEY_HEADER, key)
        .send()
        .await
        .unwrap();
    let story = story.text().await.unwrap();
    assert!(
        story.contains("Nobody was found: dispatch.no_driver (No driver could take the trip"),
        "{story}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_too_much_is_told_when_to_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = ride::Sandbox::start(dir.path()).await;
    let common = CommonArgs {
        data_dir: Some(dir.path().join("data").display().to_string()),
        rate_per_address: Some("20".to_owned()),
        rate_per_user: Some("1".to_owned()),
        ..CommonArgs::default()
    };
    let node = ride::node(common, Some(&sandbox), &[]).await;
    let url = format!("http://{}", node.address());
    let http = reqwest::Client::new();
    let sign_up = json!({ "name": "Noor", "email": "noor@example.org", "phone": "+919812345613",
        "password": "correct horse battery", "role": "rider" });
    let login = json!({ "email": "noor@example.org", "password": "correct horse battery" });
    let post = async |path: &str, body: &Value| {
        let request = http
            .post(format!("{url}{path}"))
            .header("Idempotency-Key", "k")
            .json(body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    post("/v1/users", &sign_up).await;
    let tokens = post("/v1/sessions", &login).await;
    let token = tokens["access_token"].as_str().unwrap();

    let until_refused = async |path: &str, token: Option<&str>| {
        for sent in 1..=200 {
            let mut request = http.get(format!("{url}{path}"));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            if answer.status() == 429 {
                let wait = answer.headers()["retry-after"].to_str().unwrap().to_owned();
                let problem: Value = answer.json().await.unwrap();
                assert_eq!(problem["code"], "rate-limited", "{problem}");
                assert!(wait.parse::<u32>().unwrap() >= 1, "{wait}");
                return (sent, problem["detail"].as_str().unwrap().to_owned());
            }
        }
        panic!("{path} is never refused")
    };
    let (sent, detail) = until_refused("/v1/users/me", Some(token)).await;
    assert!(
        sent <= 10 && detail.contains("You send"),
        "after {sent}: {detail}"
    );
    let (sent, detail) = until_refused("/v1/cities?prefix=Uda", None).await;
    assert!(sent > 10 && detail.contains("address"), "after {sent}: {detail}");
    // Whoever looks after it is not kept out.
    assert_eq!(
        http.get(format!("{url}/health")).send().await.unwrap().status(),
        200
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_gives_staff_their_accounts_and_names_read_models() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let url = world.platform().urls[0].clone();
    let add = [
        "staff",
        "add",
        "--role",
        "admin",
        "--email",
        "asha@example.org",
        "--phone",
        "+919812345678",
    ];
    let (made, text) = told(&add, &url, dir.path());
    assert!(
        made && text.contains("asha@example.org can sign in as admin"),
        "{text}"
    );
    let password = text
        .lines()
        .find_map(|line| line.strip_prefix("password  "))
        .unwrap();
    let nobody = ride::Person::nobody(std::slice::from_ref(&url), "asha", false);
    let asha = nobody.log_in("asha@example.org", password).await;
    assert_eq!(asha.get("/v1/users/me").await["roles"], json!(["admin"]));

    let (made, text) = told(&add, &url, dir.path());
    assert!(
        !made && text.contains("taken") && !text.contains("password  "),
        "{text}"
    );
    let mut wrong = add;
    wrong[5] = "nobody";
    let (made, text) = told(&wrong, &url, dir.path());
    assert!(!made && text.contains("--email"), "{text}");
    wrong[3] = "rider";
    assert!(!told(&wrong, &url, dir.path()).0);

    let (listed, text) = told(&["replay", "list"], &url, dir.path());
    let names: Vec<&str> = text.lines().collect();
    assert!(
        listed && names.contains(&"booking-history") && names.contains(&"people"),
        "{text}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_which_commands_could_not_be_handled_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let url = world.platform().urls[0].clone();
    let topic = Topic::new("booking", TopicKind::DeadLetters);
    let mut sender = world.node.base.env.log.sender(&topic).await.unwrap();
    for number in 0..MOST_TOLD + 2 {
        let id = CommandId::derive(0, &[&number.to_be_bytes()]);
        let mut record = Asked {
            meta: CommandMeta {
                id,
                to: Address {
                    service: "booking".into(),
                    aggregate: "booking".into(),
                    id: format!("bkg_{number}"),
                },
                actor: Actor::System,
                correlation: id,
                trace: None,
                origin: Origin::Local,
                step: None,
            },
            payload: "{}".into(),
        }
        .to_record();
        let reason = format!("no tariff number {number}");
        record.headers.push(("interstate_reason".into(), reason.into()));
        sender.try_send(0, record).unwrap().await.unwrap().unwrap();
    }
    let target = interstate::cli::Target {
        url,
        data_dir: dir.path().to_owned(),
    };
    let status = Client::new(&target).unwrap().status().await.unwrap();
    let ids: Vec<&str> = status
        .dead_letters
        .iter()
        .map(|letter| letter.to.as_str())
        .collect();
    assert_eq!(ids.len(), MOST_TOLD as usize, "{ids:?}");
    let (healthy, text) = told(&["doctor"], &target.url, dir.path());
    assert!(
        !healthy && text.contains("booking.booking bkg_6 by system: no tariff number 6"),
        "{text}"
    );
    assert!(!text.contains("bkg_1 "), "only the last are told: {text}");
    world.stop().await;
}
