//! `grpc.health.v1`, as the service's readiness has it.

use interstate_http::{Readiness, Shutdown};
use std::time::Duration;
use tonic_health::{ServingStatus, server::HealthReporter};

/// Between two looks at the readiness.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Keeps the health of these servers, and of the process as a whole (the empty name), at what the readiness says. One
/// that stops serves nobody new.
pub(super) async fn follow(
    reporter: HealthReporter,
    names: &'static [&'static str],
    readiness: Readiness,
    shutdown: Shutdown,
) {
    let mut told = None;
    loop {
        let serves = readiness.is_ready() && !shutdown.is_cancelled();
        if told != Some(serves) {
            told = Some(serves);
            let status = match serves {
                true => ServingStatus::Serving,
                false => ServingStatus::NotServing,
            };
            for name in names.iter().copied().chain([""]) {
                reporter.set_service_status(name, status).await;
            }
        }
        if shutdown.is_cancelled() {
            return;
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}
