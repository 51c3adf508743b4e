//! The conformance suite on a folder.

use async_trait::async_trait;
use interstate_log::{
    Log,
    conformance::{self, Harness},
    embedded::{EmbeddedLog, Options},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

struct Folder {
    dir: tempfile::TempDir,
    open: Mutex<Option<EmbeddedLog>>,
    services: AtomicU32,
}

#[async_trait]
impl Harness for Folder {
    async fn open(&self) -> Arc<dyn Log> {
        let mut open = self.open.lock().unwrap();
        let log = open.get_or_insert_with(|| EmbeddedLog::open(Options::new(self.dir.path())).unwrap());
        Arc::new(log.clone())
    }

    async fn crash(&self) {
        *self.open.lock().unwrap() = None;
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn service(&self) -> String {
        format!("service-{}", self.services.fetch_add(1, Ordering::SeqCst))
    }

    fn max_record(&self) -> usize {
        Options::new("").max_record
    }

    fn members_share(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_log_keeps_every_promise_of_the_port() {
    let folder = Folder {
        dir: tempfile::tempdir().unwrap(),
        open: Mutex::default(),
        services: AtomicU32::new(0),
    };
    conformance::all(&folder).await;
}
