//! Connections that follow each other, for as long as somebody wants one.

use super::{Shared, State, session::Session};
use crate::Delivery;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// The first wait for a broker that is away, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Runs until it is aborted.
pub(super) async fn keep(shared: Arc<Shared>, mut first: Option<Session>, tell: mpsc::Sender<Delivery>) {
    let mut failures = u32::from(first.is_none());
    loop {
        let session = match first.take() {
            Some(session) => Ok(session),
            None => {
                tokio::time::sleep(wait(failures)).await;
                let why = shared.why();
                shared.link.send_replace(State::Trying(why));
                Session::open(&shared).await
            }
        };
        match session {
            Ok(mut session) => {
                let began = tokio::time::Instant::now();
                shared.link.send_replace(State::Up(session.publisher()));
                tracing::info!(at = %shared.address.at, "RabbitMQ is connected");
                let why = session.run(&shared, &tell).await;
                tracing::warn!(at = %shared.address.at, %why, "the connection to RabbitMQ is lost");
                shared.link.send_replace(State::Away(why));
                session.close().await;
                shared.forget_arrived();
                // One that breaks at once, again and again, is no reason to hurry.
                failures = if began.elapsed() > WAITS.1 {
                    0
                } else {
                    failures + 1
                };
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::warn!(%error, code = error.code(), failures, "RabbitMQ is tried again in a moment");
                shared.link.send_replace(State::Away(error.to_string()));
            }
        }
    }
}

impl Shared {
    fn why(&self) -> String {
        match &*self.link.borrow() {
            State::Up(_) => String::new(),
            State::Trying(why) | State::Away(why) => why.clone(),
        }
    }
}

/// Twice as long each time, up to a bound; half of it at random, so that many processes do not come back together.
fn wait(failures: u32) -> Duration {
    let whole = WAITS
        .0
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(WAITS.1);
    whole / 2 + whole.mul_f64(rand::random_range(0.0..0.5))
}
