//! A test with a limit for all of it, which says what it was doing when the limit came.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{runtime::Runtime, time::timeout};

/// Several times what the longest of them takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(420);
/// How long what has been given up may take to stop its brokers and let go of its clients.
const LETTING_GO: Duration = Duration::from_secs(40);

/// What a test is doing. Clones share it.
#[derive(Clone, Default)]
pub struct Doing(Arc<Mutex<String>>);

impl Doing {
    /// From now on it does this.
    pub fn now(&self, what: impl Into<String>) {
        *self.0.lock().unwrap() = what.into();
    }
}

/// Runs a test. A client that waits for a broker that is gone cannot keep it from ending.
pub fn tell<F: Future<Output = ()> + Send + 'static>(story: impl FnOnce(Doing) -> F) {
    let runtime = Runtime::new().unwrap();
    let doing = Doing::default();
    let mut told = runtime.spawn(story(doing.clone()));
    let ended = runtime.block_on(async {
        let ended = timeout(LIMIT, &mut told).await;
        if ended.is_err() {
            told.abort();
            let _ = timeout(LETTING_GO, &mut told).await;
        }
        ended
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        Err(_) => panic!("not over after {LIMIT:?}; it was {}", doing.0.lock().unwrap()),
    }
}
