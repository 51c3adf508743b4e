//! What the platform takes when nobody asks it for anything: memory, processor time, and the time to start.

use crate::{figures, platform::Platform};
use std::{error::Error, time::Duration};

/// How long it is left alone before it is measured.
const ALONE: Duration = Duration::from_secs(10);

pub async fn run() -> Result<(), Box<dyn Error>> {
    let platform = Platform::start().await?;
    let starting = figures::cpu_ms_of(platform.pid());
    tokio::time::sleep(ALONE).await;
    let cpu = figures::cpu_ms_of(platform.pid()) - starting;
    println!(
        "{}",
        serde_json::json!({
            "what": "idle", "log": "embedded", "services": 5,
            "resident_mb": figures::resident_mb_of(platform.pid()),
            "cpu_ms_until_ready": starting, "ready_after_s": platform.ready_after.as_secs_f64(),
            "cpu_ms_a_second": cpu as f64 / ALONE.as_secs_f64(),
        })
    );
    Ok(())
}
