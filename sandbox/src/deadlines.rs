//! What time does to payments: customers answer UPI requests, holds run out.

use crate::provider::Provider;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

const IDLE: Duration = Duration::from_secs(3600);
const JOURNAL_RETRY: Duration = Duration::from_secs(1);

/// Moves payments on when their time comes, until the provider stops.
pub async fn run(provider: Arc<Provider>) {
    loop {
        let wait = match provider.meet_deadlines() {
            Ok(next) => next.unwrap_or(IDLE),
            Err(error) => {
                tracing::warn!(%error, "the journal cannot be written; deadlines wait");
                JOURNAL_RETRY
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = provider.deadline_moved() => {}
            () = provider.stopped() => return,
        }
    }
}
