//! The operator's doctor, at a platform that runs: what it says of a healthy one, and of one whose files were changed
//! behind its back.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use interstate::{
    cli::Target,
    commands::doctor::{self, Findings},
    operator::{Client, KEY_HEADER, Status},
};
use interstate_eventing::{
    Address,
    runtime::{Ask, AskError},
};
use interstate_schemas::{Actor, SignedDuration};
use ride::Person;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// They are made from the log at each start; there is nothing to compare.
const IN_MEMORY: [&str; 2] = ["open-trips", "roster"];

/// What is looked at beside partitions and consumers.
const INVARIANTS: [&str; 6] = [
    "the journal is balanced: ",
    "nobody is at two places at once: ",
    "nothing is past its deadline: ",
    "no booking waits for a person",
    "people is not ahead of the log: ",
    "payment-books is not ahead of the log: ",
];

async fn examined(target: &Target) -> Findings {
    doctor::examine(&Client::new(target).unwrap()).await.unwrap()
}

/// What is found once this is: a dead letter is on its way for a moment after its command was answered.
async fn once_it_says(target: &Target, says: &str) -> Findings {
    let began = Instant::now();
    loop {
        let findings = examined(target).await;
        if findings.lines.iter().any(|line| line.contains(says)) {
            return findings;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "`{says}` is never said: {:#?}",
            findings.lines
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The one finding that says this, with the lines below it.
fn finding<'f>(findings: &'f Findings, says: &str) -> &'f str {
    let found: Vec<&String> = findings.lines.iter().filter(|line| line.contains(says)).collect();
    assert_eq!(found.len(), 1, "`{says}` in {:#?}", findings.lines);
    found[0]
}

/// A trip in three days, whose advance is taken at once.
async fn booked(rider: &Person, world: &ride::World) -> String {
    let pickup = world.node.base.env.clock.now() + SignedDuration::from_hours(80);
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
    let quote = rider.post("/v1/quotes", "quote", wanted).await;
    let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
    let booked = rider.post("/v1/bookings", "book", order).await;
    let booking = booked["booking"].as_str().unwrap().to_owned();
    let confirmed = |found: &Value| found["state"] == "CONFIRMED";
    rider
        .until(&format!("/v1/bookings/{booking}"), "the confirmation", confirmed)
        .await;
    booking
}

fn change(dir: &Path, service: &str, sql: &str) {
    let db = Connection::open(dir.join(format!("{service}.db"))).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    db.execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_is_compared_with_its_replay() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let platform = world.platform();
    platform.signed_up("nita", "+919812345631", "rider").await;
    let target = Target {
        url: platform.urls[0].clone(),
        data_dir: dir.path().to_owned(),
    };
    let findings = examined(&target).await;
    assert!(findings.healthy, "{:#?}", findings.lines);

    let status = reqwest::Client::new()
        .get(format!("{}/operator/status", target.url))
        .header(KEY_HEADER, interstate::operator::key(dir.path()).unwrap())
        .send()
        .await
        .unwrap();
    let status: Status = serde_json::from_slice(&status.bytes().await.unwrap()).unwrap();
    let kept: BTreeSet<&str> = status
        .consumers
        .iter()
        .filter(|consumer| consumer.kind == "projection" && !IN_MEMORY.contains(&&*consumer.name))
        .map(|consumer| consumer.name.as_str())
        .collect();
    assert!(kept.len() >= 4, "{kept:?}");
    for model in kept {
        let wanted = format!("ok    {model} equals its replay");
        assert!(
            findings.lines.contains(&wanted),
            "{model} is not compared: {:#?}",
            findings.lines
        );
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 60).await;
    let platform = world.platform();
    let target = Target {
        url: platform.urls[0].clone(),
        data_dir: dir.path().to_owned(),
    };
    let rider = platform.signed_up("asha", "+919812345602", "rider").await;
    let booking = booked(&rider, &world).await;

    let healthy = examined(&target).await;
    assert!(healthy.healthy, "{:#?}", healthy.lines);
    for invariant in INVARIANTS {
        assert!(
            healthy
                .lines
                .iter()
                .any(|line| line.starts_with(&format!("ok    {invariant}"))),
            "`{invariant}` is not looked at: {:#?}",
            healthy.lines
        );
    }
    assert!(
        !finding(&healthy, "the journal is balanced").contains(": 0 entries"),
        "there is something to balance"
    );

    // A posting, and in it a balance; a position; a person whom nobody called.
    change(
        dir.path(),
        "payment",
        "UPDATE postings SET amount = amount + 100 WHERE (event, line) IN
            (SELECT event, line FROM postings ORDER BY event, line LIMIT 1);
         UPDATE balances SET amount = amount + 7 WHERE account =
            (SELECT max(account) FROM balances);",
    );
    change(
        dir.path(),
        "user",
        "CREATE TRIGGER no_more BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'the book is full'); END;",
    );
    change(
        dir.path(),
        "driver",
        "INSERT INTO positions (projection, service, \"partition\", next, sequence, receipt, incarnation)
            VALUES ('driver-dispatches', 'driver', 0, 1000000, 0, 0, 0)
            ON CONFLICT DO UPDATE SET next = 1000000;",
    );
    change(
        dir.path(),
        "booking",
        &format!("UPDATE bookings SET support_case = 1 WHERE booking = '{booking}'"),
    );
    // An event that its read model cannot take, and a command that nobody understands.
    let nobody = Person::nobody(&platform.urls, "nita", false);
    let person = json!({ "name": "Nita", "email": "nita@example.org", "phone": "+919812345631",
        "password": "correct horse battery", "role": "rider" });
    nobody.try_post("/v1/users", "sign-up", person).await;
    let garbage = Address {
        service: "booking".into(),
        aggregate: "booking".into(),
        id: booking.clone(),
    };
    let ask = Ask::new(garbage, &json!({ "sing": true }), Actor::System);
    let failed = world.node.base.commands.ask(ask).await;
    assert!(matches!(failed, Err(AskError::Failed { .. })), "{failed:?}");

    let damaged = once_it_says(&target, "1 commands could not be handled").await;
    assert!(!damaged.healthy, "{:#?}", damaged.lines);
    let journal = finding(&damaged, "the journal is balanced");
    assert!(journal.starts_with("WRONG"), "{journal}");
    for part in [
        &booking,
        "sums to ₹1.00, not to zero",
        "is kept as",
        "the trial balance is ₹0.07",
    ] {
        assert!(journal.contains(part), "`{part}` is missing from {journal}");
    }
    let ahead = finding(&damaged, "driver-dispatches is not ahead of the log");
    assert!(
        ahead.starts_with("WRONG") && ahead.contains("driver/0: it stands at 1000000"),
        "{ahead}"
    );
    let case = finding(&damaged, "bookings wait for a person");
    assert!(case.starts_with("OPEN") && case.contains(&booking), "{case}");
    let parked = finding(&damaged, "people of user has put");
    assert!(
        parked.starts_with("WRONG") && parked.contains("the book is full"),
        "{parked}"
    );
    let dead = finding(&damaged, "1 commands could not be handled");
    assert!(
        dead.starts_with("WRONG") && dead.contains("command.unreadable"),
        "{dead}"
    );
    let duties = finding(&damaged, "nobody is at two places at once");
    assert!(
        duties.starts_with("ok"),
        "what was not touched is right: {duties}"
    );

    let (url, data_dir) = (target.url.clone(), dir.path().to_owned());
    let told = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_interstate"))
            .args(["doctor", "--url", &url, "--data-dir"])
            .arg(data_dir)
            .output()
    });
    let told = told.await.unwrap().unwrap();
    assert_eq!(told.status.code(), Some(1), "scripts see it too");
    assert!(String::from_utf8_lossy(&told.stdout).contains("WRONG the journal is balanced"));
    world.stop().await;
}
