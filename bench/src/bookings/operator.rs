//! What the platform's own people are asked: support's login, and how far the consumers are.

use super::people::{Failure, Http, Person, text};
use crate::platform::Platform;
use interstate::{cli::Target, operator::Client};
use std::time::{Duration, Instant};

/// Support's login. The account is made right after the platform has become ready.
pub async fn support(platform: &Platform, http: &Http) -> Result<Person, Failure> {
    let mut tries = 0;
    loop {
        match log_in(platform, http).await {
            Err(error) if tries == 200 => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            found => return found,
        }
        tries += 1;
    }
}

/// With the password that the data folder has.
async fn log_in(platform: &Platform, http: &Http) -> Result<Person, Failure> {
    let staff = std::fs::read(platform.data_dir().join("demo-staff.json"))?;
    let password = text(&serde_json::from_slice(&staff)?, "support_password")?;
    Person::log_in(http, "support@interstate.example", &password).await
}

/// How long it takes until every consumer has handled everything.
pub async fn lag(platform: &Platform) -> Result<Duration, Failure> {
    let client = Client::new(&Target {
        url: platform.url.clone(),
        data_dir: platform.data_dir(),
    })?;
    let began = Instant::now();
    loop {
        let status = client.status().await?;
        let errors: Vec<_> = status
            .consumers
            .iter()
            .filter_map(|consumer| consumer.error.clone())
            .collect();
        let parked: u64 = status.consumers.iter().map(|consumer| consumer.parked).sum();
        if parked > 0 || !errors.is_empty() {
            return Err(format!("{parked} events are parked; {errors:?}").into());
        }
        if status.consumers.iter().all(|consumer| consumer.behind == 0) {
            return Ok(began.elapsed());
        }
        if began.elapsed() > Duration::from_secs(60) {
            return Err("the consumers do not catch up".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
