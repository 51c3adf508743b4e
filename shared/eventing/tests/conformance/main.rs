//! The tasks' promises on the embedded log.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

use async_trait::async_trait;
use common::InTest;
use interstate_eventing::{
    conformance::{self, Harness, Process},
    runtime::MachineClock,
    store::FjallCaches,
};
use interstate_log::embedded::{EmbeddedLog, Options};
use std::{sync::Arc, time::Duration};

struct Folder(tempfile::TempDir);

impl Folder {
    /// Opens something that another process has just had.
    async fn opened<T, E: std::fmt::Display>(&self, open: impl Fn() -> Result<T, E>) -> T {
        for _ in 0..400 {
            if let Ok(opened) = open() {
                return opened;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        open().unwrap_or_else(|error| panic!("the process before does not let go: {error}"))
    }
}

#[async_trait]
impl Harness for Folder {
    async fn process(&self) -> Process {
        let dir = self.0.path();
        let log = self
            .opened(|| EmbeddedLog::open(Options::new(dir.join("log"))))
            .await;
        let caches = self.opened(|| FjallCaches::open(&dir.join("caches"))).await;
        let process = InTest::default();
        Process {
            log: Arc::new(log),
            clock: Arc::new(MachineClock::real()),
            spawn: Arc::new(process.clone()),
            stores: Arc::new(caches),
            life: Arc::new(process),
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn many_processes(&self) -> bool {
        false
    }

    fn takeover(&self) -> Duration {
        Duration::from_secs(3)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_on_the_embedded_log_keep_every_promise() {
    for case in conformance::cases() {
        println!("conformance: {}", case.name);
        let folder = Folder(tempfile::tempdir().unwrap());
        let limit = Duration::from_secs(240);
        let ended = tokio::time::timeout(limit, (case.run)(&folder)).await;
        assert!(ended.is_ok(), "{} is not over after {limit:?}", case.name);
    }
}
