//! The README's tour, run as it is written.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

struct Platform(Child);

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The commands between the mark and the end of its block.
fn tour() -> String {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let (_, rest) = readme
        .split_once("<!-- tour -->\n```sh\n")
        .expect("the README has a tour");
    rest.split_once("\n```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_tour_of_the_readme_works_as_written() {
    let dir = tempfile::tempdir().unwrap();
    let port = 17_000 + std::process::id() % 900 * 10;
    let url = format!("http://127.0.0.1:{port}");
    let _platform = Platform(
        Command::new(env!("CARGO_BIN_EXE_interstate"))
            .args([
                "up",
                "--plain",
                "--log-level",
                "error",
                "--port",
                &port.to_string(),
                "--data-dir",
            ])
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let began = Instant::now();
    while !reqwest::get(format!("{url}/ready"))
        .await
        .is_ok_and(|answer| answer.status().is_success())
    {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the platform does not become ready"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let commands = tour().replace("http://127.0.0.1:8000", &url);
    // Whoever pastes it a second time sees the same.
    for _ in 0..2 {
        walk(&commands);
    }
}

fn walk(commands: &str) {
    let out = Command::new("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .output()
        .unwrap();
    let (told, complaints) = (
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr),
    );
    assert!(out.status.success(), "{told}\n{complaints}");
    for part in [
        "\"Udaipur\"",
        "\"roles\":[\"rider\"]",
        "\"state\":\"CONFIRMED\"",
        "\"captured\"",
        "\"refund\"",
    ] {
        assert!(
            told.contains(part),
            "`{part}` is missing from:\n{told}\n{complaints}"
        );
    }
}
