//! A rider looks where their driver is: the driver's fixes go to one instance of all services, the rider's stream hangs
//! on another. Between them stand Kafka and Redis.

use super::{
    drivers::{self, Fleet},
    operator,
    people::{Failure, Http, Person},
    riders,
};
use crate::{figures, platform::Platform};
use interstate_engines::Engine;
use interstate_eventing::runtime::MachineClock;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The first fixes are not counted: connections are made, and what is cached is read.
const WARM_UP: usize = 20;
/// What is on its way after the last fix gets so long.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// What is run.
#[derive(Debug, clap::Args)]
pub struct Following {
    /// Kafka's brokers.
    #[arg(long)]
    brokers: String,
    /// Fixes a second, each sent on its own.
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// Seconds to measure.
    #[arg(long, default_value_t = 15)]
    seconds: u32,
}

/// When each fix was sent, by the time that it bears.
type Sent = Arc<Mutex<HashMap<i64, Instant>>>;

/// Runs it and prints one line.
pub async fn run(wanted: Following) -> Result<(), Failure> {
    let redis = Engine::start("redis");
    let (here, there) = two(&wanted.brokers, redis.url()).await?;
    let (at_here, at_there) = (Http::to(&here.url)?, Http::to(&there.url)?);
    let support = operator::support(&here, &at_here).await?;
    let mut drivers = drivers::admit(std::slice::from_ref(&at_here), &support, 1).await?;
    let driver = Arc::new(drivers.pop().ok_or("there is no driver")?);
    let listening = tokio::spawn(Arc::<Fleet>::default().listen(driver.clone()));
    let rider = Person::sign_up(&at_there, "rider", 0).await?;
    let booking = riders::ride(&rider).await?.booking;
    let tracking = format!("/v1/trips/{booking}/tracking");
    let (_, token) = driver.tell(&tracking, &Value::Null).await?;

    let count = WARM_UP + (wanted.rate * wanted.seconds) as usize;
    let (sent, mut took) = (Sent::default(), Vec::with_capacity(count));
    let driving = tokio::spawn(drive(driver, booking.clone(), sent.clone(), wanted.rate, count));
    let path = format!("/v1/trips/{booking}/position/stream");
    let followed = rider.follow(&path, &token, |position| {
        let seen = Instant::now();
        let at = position["at"].as_str().and_then(|at| at.parse().ok());
        let at = at.map(|at: interstate_schemas::Timestamp| at.as_millisecond());
        let began = at.and_then(|at| sent.lock().unwrap_or_else(PoisonError::into_inner).remove(&at));
        took.extend(began.map(|began| seen - began));
        took.len() == count
    });
    let longest = Duration::from_secs(count as u64 / u64::from(wanted.rate.max(1))) + STRAGGLERS;
    // A slow reader is shown the last position, and misses some in between.
    if let Ok(ended) = tokio::time::timeout(longest, followed).await {
        ended?;
    }
    driving.await??;
    listening.abort();
    let missed = count - took.len();
    let mut counted = took.split_off(WARM_UP.min(took.len()));
    counted.sort_unstable();
    println!(
        "{}",
        json!({
            "what": "positions", "rate": wanted.rate, "fixes": count, "missed": missed,
            "p50_ms": figures::percentile(&counted, 0.5), "p99_ms": figures::percentile(&counted, 0.99),
        })
    );
    Ok(())
}

async fn two(brokers: &str, redis: &str) -> Result<(Platform, Platform), Failure> {
    let both = async {
        let settings = [("KAFKA_BROKERS", brokers), ("REDIS_URL", redis)];
        let first = Platform::start_with(settings.map(|(name, value)| (name, value.to_owned()))).await?;
        let second = first.another().await?;
        Ok::<_, Box<dyn std::error::Error>>((first, second))
    };
    both.await.map_err(|error| error.to_string().into())
}

/// One fix after the other, on a clock. Each is a request of its own: a phone that has a connection does not wait.
async fn drive(
    driver: Arc<Person>,
    booking: String,
    sent: Sent,
    rate: u32,
    count: usize,
) -> Result<(), Failure> {
    let mut clock = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    for seq in 0..count {
        clock.tick().await;
        let at = MachineClock::machine_now();
        // North at 20 m/s from Delhi.
        let point = json!({ "lat": 28.6 + seq as f64 * 20.0 / f64::from(rate) / 111_000.0, "lon": 77.2 });
        let fix = json!({ "device": "phone", "seq": seq + 1, "at": at.to_string(), "point": point,
            "accuracy_m": 5.0, "booking": booking });
        sent.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(at.as_millisecond(), Instant::now());
        driver.post("/v1/fixes", &json!({ "fixes": [fix] })).await?;
    }
    Ok(())
}
