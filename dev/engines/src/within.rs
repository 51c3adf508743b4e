//! Waiting for what a server or a process does in its own time.

use std::time::{Duration, Instant};

/// Looks until something is so, and says how long that took.
///
/// # Panics
/// It is not within this time.
pub async fn within(limit: Duration, what: &str, mut so: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}
