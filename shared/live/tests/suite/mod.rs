//! What live data does, wherever it lives.
#![allow(dead_code, reason = "each target uses a part of this")]

pub mod logins;
pub mod positions;
pub mod rates;

use std::time::{Duration, Instant};

/// Until what one instance was told is known to the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks again until the answer fits; the last answer where it never does.
pub async fn until<T>(mut ask: impl AsyncFnMut() -> T, fits: impl Fn(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        let answer = ask().await;
        if fits(&answer) || began.elapsed() > PATIENCE {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
