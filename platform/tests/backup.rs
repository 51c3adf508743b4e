//! A drill: a backup taken while people book, the platform gone, and another one made of the backup.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use interstate::{cli::Target, commands::doctor, operator::Client};
use interstate_config::CommonArgs;
use interstate_schemas::SignedDuration;
use ride::{Person, Sandbox};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const FACTOR: u32 = 60;
/// Riders who book all the time.
const RIDERS: usize = 3;

/// Runs `interstate`, and answers what it says.
fn interstate(arguments: &[&str]) -> Result<String, String> {
    let done = Command::new(env!("CARGO_BIN_EXE_interstate"))
        .args(arguments)
        .output()
        .unwrap();
    match done.status.success() {
        true => Ok(String::from_utf8(done.stdout).unwrap()),
        false => Err(String::from_utf8(done.stderr).unwrap()),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn start(dir: &Path, sandbox: &Sandbox) -> interstate::node::Node {
    let common = CommonArgs {
        data_dir: Some(dir.display().to_string()),
        clock_factor: Some(FACTOR.to_string()),
        ..CommonArgs::default()
    };
    ride::node(common, Some(sandbox), &[]).await
}

/// Books under this key; the booking.
async fn book(rider: &Person, key: &str, pickup: &str) -> String {
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup,
        "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
    let quote = rider.post("/v1/quotes", key, wanted).await;
    let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
    let booked = rider.post("/v1/bookings", key, order).await;
    booked["booking"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_on_the_platform_that_is_made_of_it() {
    let all = tempfile::tempdir().unwrap();
    let (old, new, backup) = (
        all.path().join("old"),
        all.path().join("new"),
        all.path().join("backup"),
    );
    let sandbox = Sandbox::start(all.path()).await;
    let node = start(&old, &sandbox).await;
    let url = format!("http://{}", node.address());
    let pickup = (node.base.env.clock.now() + SignedDuration::from_hours(200)).to_string();
    let before = ride::Platform::of(&node);
    let mut riders = Vec::new();
    for rider in 0..RIDERS {
        let (name, phone) = (format!("rider{rider}"), format!("+91981234570{rider}"));
        riders.push(Arc::new(before.signed_up(&name, &phone, "rider").await));
    }

    // Bookings, with the moment at which each was acknowledged.
    let (stop, booked) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let booking: Vec<_> = riders
        .iter()
        .cloned()
        .enumerate()
        .map(|(at, rider)| {
            let (stop, booked, pickup) = (stop.clone(), booked.clone(), pickup.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let booking = book(&rider, &format!("trip-{n}"), &pickup).await;
                    booked.lock().unwrap().push((Instant::now(), at, booking));
                }
            })
        })
        .collect();
    while booked.lock().unwrap().len() < 10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let began = Instant::now();
    let arguments = [
        "backup",
        "--into",
        text(&backup),
        "--url",
        &url,
        "--data-dir",
        text(&old),
    ];
    let told = tokio::task::block_in_place(|| interstate(&arguments)).unwrap();
    assert!(
        told.contains("It holds everything that was acknowledged before "),
        "{told}"
    );
    let settings = std::fs::read_to_string(backup.join("settings.env")).unwrap();
    assert!(
        settings.contains(&format!("DATA_DIR={}", old.display())),
        "{settings}"
    );
    let again = tokio::task::block_in_place(|| interstate(&arguments)).unwrap_err();
    assert!(again.contains("is not empty; name a new folder"), "{again}");
    before.signed_up("late", "+919812345799", "rider").await;
    stop.store(true, Ordering::SeqCst);
    for client in booking {
        client.await.unwrap();
    }
    node.stop().await;

    let arguments = ["restore", "--from", text(&backup), "--data-dir", text(&new)];
    let told = tokio::task::block_in_place(|| interstate(&arguments)).unwrap();
    assert!(
        told.contains("Loss window: what was acknowledged from "),
        "{told}"
    );
    let again = tokio::task::block_in_place(|| interstate(&arguments)).unwrap_err();
    assert!(again.contains("restore into a new data folder"), "{again}");

    let node = start(&new, &sandbox).await;
    let url = format!("http://{}", node.address());
    let after = ride::Platform::of(&node);
    // With the logins and the tokens of before: what a token names may be lost, and is not waited for.
    let known: Vec<Person> = riders.iter().map(|rider| rider.only_at(&url)).collect();
    let booked = booked.lock().unwrap().clone();
    let kept: Vec<_> = booked
        .iter()
        .filter(|(acknowledged, ..)| *acknowledged < began)
        .collect();
    assert!(
        kept.len() >= 10 && kept.len() < booked.len(),
        "{} of {}",
        kept.len(),
        booked.len()
    );
    for (_, rider, booking) in &kept {
        let confirmed = |found: &Value| found["state"] == "CONFIRMED";
        let path = format!("/v1/bookings/{booking}");
        known[*rider].until(&path, "the confirmation", confirmed).await;
    }
    // The same keys are the same commands.
    for (rider, person) in known.iter().enumerate() {
        let first = booked.iter().find(|(_, at, _)| *at == rider).unwrap();
        assert_eq!(book(person, "trip-0", &pickup).await, first.2);
    }
    // Whoever came later has to come again.
    after.signed_up("late", "+919812345799", "rider").await;
    let target = Target {
        url,
        data_dir: new.clone(),
    };
    let findings = doctor::examine(&Client::new(&target).unwrap()).await.unwrap();
    assert!(findings.healthy, "{:#?}", findings.lines);
    node.stop().await;
}
