//! Real bookings: the whole platform in a process of its own, riders and drivers who use its HTTP API.

mod drivers;
mod people;
mod platform;
mod riders;

use crate::figures;
use drivers::Fleet;
use people::{Failure, Person};
use platform::Platform;
use serde_json::json;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// What is run.
#[derive(Debug, clap::Args)]
pub struct Load {
    /// The platform's binary, built for release.
    #[arg(long, default_value = "target/release/interstate")]
    binary: PathBuf,
    /// Kafka's brokers; the embedded log without.
    #[arg(long)]
    kafka: Option<String>,
    /// Bookings to measure.
    #[arg(long, default_value_t = 3_000)]
    count: usize,
    /// Riders who book at once. One measures the latency of a booking alone.
    #[arg(long, default_value_t = 64)]
    riders: usize,
    /// Drivers who take offers: each has time for some fifteen of the trips.
    #[arg(long, default_value_t = 300)]
    drivers: usize,
}

/// Runs it and prints one line.
pub async fn run(load: Load) -> Result<(), Failure> {
    let platform = Platform::start(&load.binary, load.kafka.as_deref()).await?;
    eprintln!("{} drivers and {} riders sign up", load.drivers, load.riders);
    let support = platform.support().await?;
    let fleet = Arc::new(Fleet::default());
    let drivers = drivers::admit(&platform.http, &support, load.drivers).await?;
    for driver in drivers {
        tokio::spawn(fleet.clone().listen(Arc::new(driver)));
    }
    let mut riders = Vec::new();
    for number in 0..load.riders {
        riders.push(Arc::new(Person::sign_up(&platform.http, "rider", number).await?));
    }
    eprintln!("warming up");
    book(&riders, (load.count / 10).clamp(20, 300)).await?;
    eprintln!("{} bookings", load.count);
    let (own, theirs) = (figures::cpu_ms(), platform.cpu_ms());
    let began = Instant::now();
    let mut latencies = book(&riders, load.count).await?;
    let seconds = began.elapsed().as_secs_f64();
    let lag = platform.lag().await?;
    let each = |ms: u64| ms as f64 / load.count as f64;
    let (own, theirs) = (each(figures::cpu_ms() - own), each(platform.cpu_ms() - theirs));
    latencies.sort_unstable();
    println!(
        "{}",
        json!({
            "what": if load.riders == 1 { "booking-latency" } else { "bookings" },
            "log": if load.kafka.is_some() { "kafka" } else { "embedded" },
            "count": load.count, "riders": load.riders, "drivers": load.drivers,
            "per_second": (load.count as f64 / seconds).round(),
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
            "lag_ms": lag.as_millis(), "cpu_ms_each": theirs, "client_cpu_ms_each": own,
        })
    );
    platform.stop().await;
    Ok(())
}

/// Has the riders book so many trips between them; answers the time from the request to the assignment of each.
async fn book(riders: &[Arc<Person>], count: usize) -> Result<Vec<Duration>, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let all = riders.iter().map(|rider| {
        let (rider, next) = (rider.clone(), next.clone());
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < count {
                latencies.push(riders::ride(&rider).await.map_err(|error| error.to_string())?);
            }
            Ok::<_, String>(latencies)
        })
    });
    let mut latencies = Vec::new();
    for rider in futures::future::join_all(all).await {
        latencies.extend(rider??);
    }
    Ok(latencies)
}
