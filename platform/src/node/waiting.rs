//! Stores that are away when a process starts: it may have started beside its server, or again while that one was.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

/// A server that is being started is there within this time; one that is not there at all is better said soon.
const PATIENCE: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_secs(1);

/// Opens a store, again and again for a while where its server is away.
///
/// # Errors
/// The last one, or the first that waiting does not mend.
pub async fn opened<T, E: Display>(
    open: impl AsyncFn() -> Result<T, E>,
    is_away: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let began = Instant::now();
    let mut first = true;
    loop {
        match open().await {
            Err(error) if is_away(&error) && began.elapsed() < PATIENCE => {
                if std::mem::replace(&mut first, false) {
                    tracing::warn!(%error, seconds = PATIENCE.as_secs(), "a store is waited for");
                }
                tokio::time::sleep(AGAIN).await;
            }
            opened => return opened,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    async fn tried(
        answers: impl Fn(u64) -> Result<&'static str, &'static str>,
    ) -> (Result<&'static str, &'static str>, u64) {
        let tries = AtomicU64::new(0);
        let open = async || answers(tries.fetch_add(1, Ordering::Relaxed));
        let opened = opened(open, |error| *error == "away").await;
        (opened, tries.into_inner())
    }

    #[tokio::test]
    async fn only_a_server_that_is_away_is_waited_for() {
        assert_eq!(
            tried(|_| Err("the password is wrong")).await,
            (Err("the password is wrong"), 1)
        );
        assert_eq!(tried(|_| Ok("open")).await, (Ok("open"), 1));
        let comes = |tries| if tries == 0 { Err("away") } else { Ok("open") };
        assert_eq!(tried(comes).await, (Ok("open"), 2));
    }
}
