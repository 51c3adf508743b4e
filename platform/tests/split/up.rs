//! `interstate up --split`.

use crate::{
    brokers::{Brokers, output},
    process::{free_ports, ready},
};
use interstate_engines::within;
use std::{
    io::Read,
    process::{Command, Stdio},
    time::Duration,
};

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_it_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_interstate"));
    up.args(["up", "--split", "--data-dir"])
        .arg(dir.path().join("data"));
    let refused = output(up).await;
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(
        told.contains("KAFKA_BROKERS") && told.contains("processes meet on Kafka"),
        "{told}"
    );
    assert!(!dir.path().join("data").exists(), "nothing was touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_starts_all_services_and_stops_them_in_order() {
    let broker = Brokers::start(1).await;
    let (dir, base) = (tempfile::tempdir().unwrap(), free_ports());
    let mut up = Command::new(env!("CARGO_BIN_EXE_interstate"))
        .args([
            "up",
            "--split",
            "--port",
            &base.to_string(),
            "--log-level",
            "info",
        ])
        .args(["--kafka-brokers", &broker.addresses, "--data-dir"])
        .arg(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (up.stdout.take().unwrap(), up.stderr.take().unwrap());
    let said = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text)
    });
    let logged = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text)
    });
    let urls = [1, 2, 3, 4, 5, 8].map(|offset| format!("http://127.0.0.1:{}", base + offset));
    ready(&urls).await;
    // As Ctrl-C in a terminal.
    let mut interrupt = Command::new("kill");
    interrupt.args(["-INT", &up.id().to_string()]);
    assert!(output(interrupt).await.status.success());
    let mut ended = None;
    within(Duration::from_secs(60), "it ends", async || {
        ended = up.try_wait().unwrap();
        ended.is_some()
    })
    .await;
    let (said, logged) = (said.join().unwrap().unwrap(), logged.join().unwrap().unwrap());
    assert!(ended.unwrap().success(), "{said}\n{logged}");
    assert!(
        said.contains("gRPC on 127.0.0.1"),
        "it says where to look: {said}"
    );
    for name in ["user", "booking", "location", "driver", "payment", "analytics"] {
        let prefix = format!("{name:<9}| ");
        assert!(
            logged.lines().any(|line| line.starts_with(&prefix)),
            "{name} is heard:\n{logged}"
        );
    }
    assert!(!logged.contains("ended by itself"), "{logged}");
    assert!(!logged.contains("is killed"), "{logged}");
    for url in urls {
        assert!(
            reqwest::get(format!("{url}/health")).await.is_err(),
            "{url} still answers"
        );
    }
}
