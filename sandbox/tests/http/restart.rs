//! The process is killed, started again, and nothing is missing.

use crate::fixture::{Hook, Merchant, SECRET, eventually};
use serde_json::{Value, json};
use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The sandbox as a process of its own; killed with SIGKILL, also when a test fails.
struct Process {
    child: Child,
    merchant: Merchant,
}

impl Process {
    fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = command(data).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let base = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self {
            child,
            merchant: Merchant::new(base),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interstate-sandbox"));
    command.args(["--port", "0", "--data"]).arg(data);
    command
}

fn folder(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sandbox-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

async fn book(merchant: &Merchant) -> Value {
    merchant.get("/v1/book").await.body
}

#[tokio::test]
async fn the_book_the_keys_and_the_deadlines_survive_a_kill() {
    let data = folder("book");
    let first = Process::start(&data, &["--upi-delay-ms", "700"]);
    let held = first.merchant.pay("pm_card_ok", "auth-1").await;
    first.merchant.capture(held.id(), "cap-1", 60_000).await;
    let captured = first.merchant.capture(held.id(), "cap-2", 50_000).await;
    let asked = first.merchant.pay("pm_upi_ok", "auth-2").await;
    let before = book(&first.merchant).await;
    drop(first);

    let second = Process::start(&data, &[]);
    assert_eq!(book(&second.merchant).await["data"][0], before["data"][0]);
    let again = second.merchant.capture(held.id(), "cap-2", 50_000).await;
    assert_eq!((again.body, again.replayed), (captured.body, true));
    assert_eq!(
        second.merchant.capture(held.id(), "cap-1", 60_000).await.error(),
        (400, "amount_too_large")
    );
    second.merchant.until(asked.id(), "succeeded").await;
    std::fs::remove_dir_all(&data).unwrap();
}

#[tokio::test]
async fn an_event_that_was_not_taken_is_sent_after_the_restart_and_one_that_was_is_not() {
    let data = folder("events");
    let hook = Hook::start().await;
    let endpoint = ["--webhook-url", &hook.endpoint.url, "--webhook-secret", SECRET];
    let first = Process::start(&data, &endpoint);
    first.merchant.pay("pm_card_ok", "taken").await;
    hook.events(1).await;
    eventually(|| async {
        let shown = first.merchant.get("/v1/sandbox/webhook_endpoint").await.body;
        (shown["pending"] == 0).then_some(())
    })
    .await;
    hook.refuse(1);
    first.merchant.pay("pm_card_ok", "refused").await;
    eventually(|| async {
        let shown = first.merchant.get("/v1/sandbox/webhook_endpoint").await.body;
        (shown["tally"]["failed_attempts"] == 1).then_some(())
    })
    .await;
    drop(first);

    let _second = Process::start(&data, &endpoint);
    let received = hook.events(2).await;
    assert_eq!(received[1].event["reference"], "refused");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(hook.received().len(), 2);
    std::fs::remove_dir_all(&data).unwrap();
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_damage_elsewhere_is_refused() {
    let data = folder("torn");
    let first = Process::start(&data, &[]);
    first.merchant.pay("pm_card_ok", "auth-1").await;
    drop(first);
    let journal = data.join("journal.jsonl");
    OpenOptions::new()
        .append(true)
        .open(&journal)
        .unwrap()
        .write_all(b"{\"operation\":{\"te")
        .unwrap();

    let second = Process::start(&data, &[]);
    second.merchant.pay("pm_card_ok", "auth-2").await;
    drop(second);
    let third = Process::start(&data, &[]);
    let references: Vec<_> = book(&third.merchant).await["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["reference"].clone())
        .collect();
    assert_eq!(references, [json!("auth-1"), json!("auth-2")]);

    let in_use = command(&data)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&in_use.stderr).contains("in use"),
        "{in_use:?}"
    );
    drop(third);

    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("auth-1", "\u{1}", 1)).unwrap();
    let damaged = command(&data)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(!damaged.status.success());
    assert!(
        String::from_utf8_lossy(&damaged.stderr).contains("line 1"),
        "{damaged:?}"
    );
    std::fs::remove_dir_all(&data).unwrap();
}
