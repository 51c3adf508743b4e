//! Real bookings: the whole platform in a process of its own, riders and drivers who use its HTTP API.

mod drivers;
mod operator;
mod people;
mod positions;
mod riders;

use crate::{figures, platform::Platform};
pub use positions::{Following, run as follow};

use drivers::Fleet;
use people::{Failure, Http, Person};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// What is run.
#[derive(Debug, clap::Args)]
pub struct Load {
    /// Kafka's brokers; the embedded log without.
    #[arg(long)]
    kafka: Option<String>,
    /// Bookings to measure.
    #[arg(long, default_value_t = 1_500)]
    count: usize,
    /// Riders who book at once: so many that bookings/s no longer grow. One measures the latency of a booking alone.
    #[arg(long, default_value_t = 256)]
    riders: usize,
    /// Instances of the platform, on Kafka: people are spread over them.
    #[arg(long, default_value_t = 1, requires = "kafka")]
    instances: usize,
    /// Drivers who take offers. With the rest between two trips each has time for three of them, so without a
    /// number there are enough for all.
    #[arg(long)]
    drivers: Option<usize>,
}

/// Runs it and prints one line.
pub async fn run(load: Load) -> Result<(), Failure> {
    let warming = (load.count / 10).clamp(20, 300);
    let count = load.drivers.unwrap_or((load.count + warming) * 2 / 3 + 20);
    let platforms = start(load.kafka.as_deref(), load.instances).await?;
    let https = platforms.iter().map(|platform| Http::to(&platform.url));
    let https: Vec<Http> = https.collect::<Result<_, _>>()?;
    eprintln!("{count} drivers and {} riders sign up", load.riders);
    let support = operator::support(&platforms[0], &https[0]).await?;
    let fleet = Arc::new(Fleet::default());
    let drivers = drivers::admit(&https, &support, count).await?;
    // They hang up before the platform stops: dropped in the reverse order.
    let mut listening = JoinSet::new();
    for driver in drivers {
        listening.spawn(fleet.clone().listen(Arc::new(driver)));
    }
    let mut riders = Vec::new();
    for number in 0..load.riders {
        let http = &https[number % https.len()];
        riders.push(Arc::new(Person::sign_up(http, "rider", number).await?));
    }
    eprintln!("warming up");
    book(&riders, warming).await?;
    eprintln!("{} bookings", load.count);
    let of_all = || {
        platforms
            .iter()
            .map(|platform| figures::cpu_ms_of(platform.pid()))
            .sum::<u64>()
    };
    let (own, theirs) = (figures::cpu_ms(), of_all());
    let began = Instant::now();
    let mut latencies = book(&riders, load.count).await?;
    let seconds = began.elapsed().as_secs_f64();
    let mut lag = Duration::ZERO;
    for platform in &platforms {
        lag += operator::lag(platform).await?;
    }
    let each = |ms: u64| ms as f64 / load.count as f64;
    let (own, theirs) = (each(figures::cpu_ms() - own), each(of_all() - theirs));
    latencies.sort_unstable();
    println!(
        "{}",
        json!({
            "what": match (load.instances, load.riders) {
                (1, 1) => "booking-latency",
                (1, _) => "bookings",
                _ => "bookings-of-several",
            },
            "instances": load.instances,
            "log": if load.kafka.is_some() { "kafka" } else { "embedded" },
            "count": load.count, "riders": load.riders, "drivers": count,
            "per_second": (load.count as f64 / seconds).round(),
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
            "lag_ms": lag.as_millis(), "cpu_ms_each": theirs, "client_cpu_ms_each": own,
        })
    );
    Ok(())
}

async fn start(kafka: Option<&str>, instances: usize) -> Result<Vec<Platform>, Failure> {
    let all = async {
        let mut all = vec![Platform::start_on(kafka).await?];
        while all.len() < instances {
            all.push(all[0].another().await?);
        }
        Ok::<_, Box<dyn std::error::Error>>(all)
    };
    all.await.map_err(|error| error.to_string().into())
}

/// Has the riders book so many trips between them; answers the time from the request to the assignment of each.
async fn book(riders: &[Arc<Person>], count: usize) -> Result<Vec<Duration>, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let all = riders.iter().map(|rider| {
        let (rider, next) = (rider.clone(), next.clone());
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let ridden = riders::ride(&rider).await.map_err(|error| error.to_string())?;
                latencies.push(ridden.took);
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
