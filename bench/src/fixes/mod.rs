//! Fixes/s over HTTP: drivers' devices send batches of 50 to the running platform, which answers once they are
//! durable. Against the same records appended to a log of the same kind, by as many writers.

mod device;
mod request;

use crate::{figures, platform::Platform};
use device::Device;
use interstate_log::{
    Log, Record, Topic, TopicKind, TopicSpec,
    embedded::{EmbeddedLog, Options},
};
use std::{
    error::Error,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Fixes that a device sends at once.
const BATCH: usize = 50;
/// Not counted.
const WARM_UP: Duration = Duration::from_secs(2);
/// `location`'s partitions.
const PARTITIONS: u32 = 4;

pub async fn run(drivers: usize, seconds: u64) -> Result<(), Box<dyn Error>> {
    let mut platform = Platform::start().await?;
    let mut devices = Vec::new();
    for number in 0..drivers {
        devices.push(Device::signed_up(&platform.url, number).await?);
    }
    let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
    let counting = began + WARM_UP;
    let (mut cpu, mut client_cpu) = (0, 0);
    let sending: Vec<_> = devices
        .into_iter()
        .map(|device| tokio::spawn(device.send(counting, counting + limit)))
        .collect();
    tokio::time::sleep_until(counting.into()).await;
    let before = (figures::cpu_ms_of(platform.pid()), figures::cpu_ms());
    let mut latencies: Vec<Duration> = Vec::new();
    for sent in futures::future::join_all(sending).await {
        latencies.extend(sent?.map_err(|error| error.to_string())?);
        cpu = figures::cpu_ms_of(platform.pid()) - before.0;
        client_cpu = figures::cpu_ms() - before.1;
    }
    latencies.sort_unstable();
    let sent = (latencies.len() * BATCH) as f64;
    let rate = sent / limit.as_secs_f64();
    let records = records(&platform.kill()?).await?;
    let bytes = records.iter().map(Record::size).sum::<usize>() / records.len().max(1);
    let raw = raw(records, drivers, limit).await? * BATCH as f64;
    println!(
        "{}",
        serde_json::json!({
            "what": "fixes", "log": "embedded", "drivers": drivers, "fixes_per_second": rate.round(),
            "raw_fixes_per_second": raw.round(), "ratio": rate / raw, "bytes_a_batch": bytes,
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
            "cpu_us_a_fix": cpu as f64 * 1e3 / sent, "client_cpu_us_a_fix": client_cpu as f64 * 1e3 / sent,
        })
    );
    Ok(())
}

fn topic() -> Topic {
    Topic::new("location", TopicKind::Fixes)
}

async fn fixes(log: &EmbeddedLog) -> Result<(), Box<dyn Error>> {
    let spec = TopicSpec {
        topic: topic(),
        partitions: PARTITIONS,
    };
    Ok(log.ensure(&[spec]).await?)
}

/// What the platform has written.
async fn records(dir: &Path) -> Result<Vec<Record>, Box<dyn Error>> {
    let log = EmbeddedLog::open(Options::new(dir.join("log")))?;
    fixes(&log).await?;
    let mut records = Vec::new();
    for partition in 0..PARTITIONS {
        let mut reader = log.read(&topic(), partition, 0).await?;
        loop {
            let chunk = reader.poll(1_000).await?.records;
            if chunk.is_empty() {
                break;
            }
            records.extend(chunk.into_iter().map(|stored| stored.record));
        }
    }
    if records.is_empty() {
        return Err("the platform wrote no fixes".into());
    }
    Ok(records)
}

/// Records/s that as many writers append, each waiting until its own is durable.
async fn raw(records: Vec<Record>, writers: usize, limit: Duration) -> Result<f64, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let log = EmbeddedLog::open(Options::new(dir.path()))?;
    fixes(&log).await?;
    let (records, next) = (Arc::new(records), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    let writing: Vec<_> = (0..writers)
        .map(|writer| {
            let (log, records, next) = (log.clone(), records.clone(), next.clone());
            tokio::spawn(async move {
                let mut sender = log.sender(&topic()).await?;
                while began.elapsed() < limit {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let record = records[number % records.len()].clone();
                    let delivery = sender.send(writer as u32 % PARTITIONS, record).await?;
                    delivery.await.map_err(|_| interstate_log::LogError::Closed)??;
                }
                Ok::<_, interstate_log::LogError>(())
            })
        })
        .collect();
    for written in futures::future::join_all(writing).await {
        written??;
    }
    Ok(next.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}
