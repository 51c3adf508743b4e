//! Asking at a steady rate: each leaves on a clock, whether the one before has come back or not, so that what waits
//! behind a slow one counts.

use std::{
    error::Error,
    future::Future,
    thread,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::mpsc};

/// What came of it.
pub struct Paced {
    /// From when each was due to its answer, in ascending order, without those of the warm-up.
    pub latencies: Vec<Duration>,
    /// How many were asked, the warm-up included.
    pub asked: usize,
    /// How many of them failed.
    pub failed: usize,
}

/// Asks `rate` times a second. The clock is a thread: the runtime's timers round up to whole milliseconds, which would
/// count as latency.
pub async fn at<A>(
    rate: u32,
    warm_up: Duration,
    measured: Duration,
    ask: impl Fn(usize) -> A + Send + 'static,
) -> Result<Paced, Box<dyn Error>>
where
    A: Future<Output = bool> + Send + 'static,
{
    let (runtime, (sender, mut asked)) = (Handle::current(), mpsc::unbounded_channel());
    let began = Instant::now();
    let clock = thread::spawn(move || {
        let count = (warm_up + measured).as_secs_f64() * f64::from(rate);
        for number in 0..count as usize {
            let due = began + Duration::from_secs_f64(number as f64 / f64::from(rate));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let answer = ask(number);
            let asked = runtime.spawn(async move { (due, answer.await, due.elapsed()) });
            if sender.send(asked).is_err() {
                return;
            }
        }
    });
    let mut paced = Paced {
        latencies: Vec::new(),
        asked: 0,
        failed: 0,
    };
    while let Some(asked) = asked.recv().await {
        let (due, answered, took) = asked.await?;
        paced.asked += 1;
        paced.failed += usize::from(!answered);
        if due >= began + warm_up {
            paced.latencies.push(took);
        }
    }
    clock.join().map_err(|_| "the clock of the measurement ended")?;
    paced.latencies.sort_unstable();
    Ok(paced)
}
