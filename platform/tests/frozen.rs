//! Whole deployments of earlier builds, frozen as backups: their events, receipts, messages under way, states and keys
//! are understood by this build. A folder is never changed; `freeze` makes the next one.
//!
//! Time goes on in them: what was due between then and now becomes due when they are started, and is worked off.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use interstate::{cli::Target, commands::doctor, node::Node, operator::Client};
use interstate_config::CommonArgs;
use interstate_schemas::SignedDuration;
use ride::{Platform, Sandbox};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// A ride of five hours in half a minute.
const FACTOR: u32 = 600;
/// What was due long ago is worked off within this time.
const WORKED_OFF: Duration = Duration::from_secs(60);
/// What a folder holds beside the backup and the provider's book: the bookings in it.
const BOOKINGS: &str = "bookings.json";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen")
}

fn interstate(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interstate"));
    let done = tokio::task::block_in_place(|| command.args(arguments).output().unwrap());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

async fn start(dir: &Path, sandbox: &Sandbox, services: &[&str]) -> Node {
    let common = CommonArgs {
        data_dir: Some(dir.display().to_string()),
        clock_factor: Some(FACTOR.to_string()),
        ..CommonArgs::default()
    };
    ride::node(common, Some(sandbox), services).await
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            // A database's journal goes when the last one closes it.
            false => match fs::copy(entry.path(), to.join(entry.file_name())) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            },
        }
    }
}

/// Everything that an earlier build has written is read, and what it has left undone is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_an_earlier_build_goes_on_in_this_one() {
    let all = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let all: Vec<PathBuf> = all.filter(|path| path.is_dir()).collect();
    assert!(!all.is_empty(), "no deployment is frozen");
    for frozen in all {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        copy(&frozen.join("sandbox"), &dir.path().join("sandbox"));
        let from = frozen.join("backup");
        interstate(&[
            "restore",
            "--from",
            from.to_str().unwrap(),
            "--data-dir",
            data.to_str().unwrap(),
        ]);
        let sandbox = Sandbox::start(dir.path()).await;
        let node = start(&data, &sandbox, &[]).await;
        let platform = Platform::of(&node);

        let bookings: Value = serde_json::from_slice(&fs::read(frozen.join(BOOKINGS)).unwrap()).unwrap();
        // Its read models are made from the log.
        let began = Instant::now();
        while !reqwest::get(format!("{}/ready", platform.urls[0]))
            .await
            .unwrap()
            .status()
            .is_success()
        {
            assert!(began.elapsed() < WORKED_OFF, "it does not become ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Under a key of its own: the logins of then have ended since.
        let nobody = ride::Person::nobody(&platform.urls, "asha-today", false);
        let rider = nobody.log_in("asha@example.org", "correct horse battery").await;
        let ended = rider
            .get(&format!(
                "/v1/bookings/{}",
                bookings["ended"]["booking"].as_str().unwrap()
            ))
            .await;
        assert_eq!(ended["state"], "CLOSED", "{}", frozen.display());
        assert_eq!(ended["money"], bookings["ended"]["money"], "{}", frozen.display());

        // Its advance was asked of a payment service that did not run: the message was under way.
        let begun = bookings["begun"].as_str().unwrap();
        let target = Target {
            url: platform.urls[0].clone(),
            data_dir: data.clone(),
        };
        let client = Client::new(&target).unwrap();
        let (began, explain) = (Instant::now(), format!("/operator/explain/{begun}"));
        loop {
            let story = client.get(&explain).await.unwrap();
            if story.contains("payment.operation_closed.v1") {
                break;
            }
            assert!(began.elapsed() < WORKED_OFF, "payment was never asked:\n{story}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        loop {
            let findings = doctor::examine(&client).await.unwrap();
            if findings.healthy {
                break;
            }
            assert!(
                began.elapsed() < WORKED_OFF,
                "{}: {:#?}",
                frozen.display(),
                findings.lines
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        node.stop().await;
    }
}

/// Makes a deployment with a ride that has ended and one that is being booked, and freezes it under the name in
/// `FROZEN`: `FROZEN=0.1.0 cargo test -p interstate --test frozen -- --ignored freeze`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it writes into the checkout"]
async fn freeze() {
    let name = std::env::var("FROZEN").expect("FROZEN names the new folder");
    let into = folder().join(name);
    fs::create_dir_all(&into).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut data = dir.path().join("data");
    let sandbox = Sandbox::start(dir.path()).await;
    let node = start(&data, &sandbox, &[]).await;
    ride::register_support(&node).await;
    let before = Platform::of(&node);
    let ended = ride::ride(&before).await;
    let log_in = async |platform: &Platform| {
        let nobody = ride::Person::nobody(&platform.urls, "asha", false);
        nobody.log_in("asha@example.org", "correct horse battery").await
    };
    let rider = log_in(&before).await;
    let ended = rider.get(&format!("/v1/bookings/{ended}")).await;
    let pickup = before.clock.now() + SignedDuration::from_hours(20 * 24);
    let wanted = json!({ "kind": "ONE_WAY", "class": "SUV", "passengers": 3, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
    let quote = rider.post("/v1/quotes", "another-quote", wanted).await;
    node.stop().await;
    // In another folder: what is left of the first node in this process has the log open a while longer.
    let stopped = std::mem::replace(&mut data, dir.path().join("again"));
    copy(&stopped, &data);

    // Payment does not run: what booking asks of it stays under way.
    let node = start(
        &data,
        &sandbox,
        &["user", "booking", "location", "driver", "analytics"],
    )
    .await;
    let rider = log_in(&Platform::of(&node)).await;
    let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
    let begun = rider.post("/v1/bookings", "begun", order).await;
    let url = format!("http://{}", node.address());
    let backup = into.join("backup");
    interstate(&[
        "backup",
        "--into",
        backup.to_str().unwrap(),
        "--url",
        &url,
        "--data-dir",
        data.to_str().unwrap(),
    ]);
    fs::remove_file(backup.join("settings.env")).unwrap();
    node.stop().await;
    copy(&dir.path().join("sandbox"), &into.join("sandbox"));
    let bookings = json!({ "ended": { "booking": ended["booking"], "money": ended["money"] }, "begun": begun["booking"] });
    fs::write(into.join(BOOKINGS), format!("{bookings:#}\n")).unwrap();
}
