//! The ride on a real Kafka broker, which this test starts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use std::{path::Path, process::Command};

/// A broker that ends with the test.
struct Broker {
    dir: tempfile::TempDir,
    address: String,
}

impl Broker {
    fn script() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .join("dev/engines/kafka.sh")
    }

    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = 21_000 + std::process::id() % 900 * 10;
        let out = Command::new(Self::script())
            .args(["start", "--port", &port.to_string(), "--dir"])
            .arg(dir.path())
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        Self {
            dir,
            address: String::from_utf8(out.stdout).unwrap().trim().to_owned(),
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = Command::new(Self::script())
            .args(["stop", "--dir"])
            .arg(self.dir.path())
            .output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_ride_on_kafka() {
    let broker = Broker::start();
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), Some(&broker.address)).await;
    ride::ride(&world).await;
    world.stop().await;
}
