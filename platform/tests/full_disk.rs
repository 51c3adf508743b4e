//! A disk that fills up under a running platform: people are told at once, and it goes on by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use interstate_engines::on_a_small_disk;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

/// Long before a command is given up, and long enough for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long it may take to go on.
const AGAIN: Duration = Duration::from_secs(30);

/// Fills the disk until so many megabytes are free.
fn fill(ballast: &Path, leave: u64) {
    const MEGABYTE: usize = 1 << 20;
    let mut file = std::fs::File::create(ballast).unwrap();
    let mut filled = 0_u64;
    while file.write_all(&vec![1; MEGABYTE]).is_ok() {
        filled += 1;
        assert!(filled < 10_000, "this is no small disk");
    }
    file.set_len((filled - leave) * MEGABYTE as u64).unwrap();
}

async fn sign_up(url: &str, who: usize) -> Response {
    let person = json!({ "name": "Asha", "email": format!("asha{who}@example.org"), "role": "rider",
        "phone": format!("+9198123456{who:02}"), "password": "correct horse battery" });
    reqwest::Client::new()
        .post(format!("{url}/v1/users"))
        .header("Idempotency-Key", format!("sign-up-{who}"))
        .timeout(AGAIN)
        .json(&person)
        .send()
        .await
        .unwrap()
}

async fn is_told(answer: Response, began: Instant) {
    assert!(began.elapsed() < AT_ONCE, "it took {:?}", began.elapsed());
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "log-full", "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_at_once_and_got_over() {
    let Some(dir) = on_a_small_disk("a_full_disk_is_told_at_once_and_got_over", 300) else {
        return;
    };
    let world = ride::world(&dir, None, 1).await;
    let url = format!("http://{}", world.node.address());
    assert_eq!(sign_up(&url, 0).await.status(), StatusCode::CREATED);

    let ballast = dir.join("somebody else's file");
    fill(&ballast, 24);
    // The first ones find it out while they wait, the later ones are not taken up at all.
    for round in 0..3 {
        let began = Instant::now();
        let all = (1..=8).map(|who| sign_up(&url, who));
        for answer in futures::future::join_all(all).await {
            is_told(answer, began).await;
        }
        let waiting = world.node.base.env.replies.len();
        assert_eq!(waiting, 0, "in round {round} somebody is still waited for");
    }
    let alive = reqwest::get(format!("{url}/v1/cities?prefix=Ahm")).await.unwrap();
    assert_eq!(alive.status(), StatusCode::OK, "what needs no log is answered");

    std::fs::remove_file(&ballast).unwrap();
    let began = Instant::now();
    for who in 1..=8 {
        loop {
            let answer = sign_up(&url, who).await;
            if answer.status() == StatusCode::CREATED {
                break;
            }
            assert!(
                began.elapsed() < AGAIN,
                "{who} is not signed up although there is room: {}",
                answer.text().await.unwrap()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    world.stop().await;
}
