//! Fixes/s over HTTP: drivers' devices send batches of 50 to the running platform, which answers once they are
//! durable. Against the same records appended to a log of the same kind, by as many writers.

use crate::{figures, platform::Platform};
use interstate_eventing::runtime::MachineClock;
use interstate_log::{
    Log, Record, Topic, TopicKind, TopicSpec,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::SignedDuration;
use serde_json::{Value, json};
use std::{
    error::Error,
    fmt::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Fixes that a device sends at once.
const BATCH: u64 = 50;
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
    let mut cpu = 0;
    let sending: Vec<_> = devices
        .into_iter()
        .map(|device| tokio::spawn(device.send(counting, counting + limit)))
        .collect();
    tokio::time::sleep_until(counting.into()).await;
    let before = figures::cpu_ms_of(platform.pid());
    let mut latencies: Vec<Duration> = Vec::new();
    for sent in futures::future::join_all(sending).await {
        latencies.extend(sent?.map_err(|error| error.to_string())?);
        cpu = figures::cpu_ms_of(platform.pid()) - before;
    }
    latencies.sort_unstable();
    let rate = latencies.len() as f64 * BATCH as f64 / limit.as_secs_f64();
    let records = records(&platform.kill()?).await?;
    let bytes = records.iter().map(Record::size).sum::<usize>() / records.len().max(1);
    let raw = raw(records, drivers, limit).await? * BATCH as f64;
    println!(
        "{}",
        serde_json::json!({
            "what": "fixes", "log": "embedded", "drivers": drivers, "fixes_per_second": rate.round(),
            "raw_fixes_per_second": raw.round(), "ratio": rate / raw, "bytes_a_batch": bytes,
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
            "cpu_us_a_fix": cpu as f64 * 1e3 / (latencies.len() as f64 * BATCH as f64),
        })
    );
    Ok(())
}

/// A driver's phone.
struct Device {
    http: reqwest::Client,
    url: String,
    token: String,
    number: usize,
}

impl Device {
    async fn signed_up(url: &str, number: usize) -> Result<Self, Box<dyn Error>> {
        let mut device = Self {
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .build()?,
            url: url.to_owned(),
            token: String::new(),
            number,
        };
        let (email, password) = (format!("driver{number}@example.org"), "correct horse battery");
        let person = json!({ "name": format!("Driver {number}"), "email": email, "password": password,
            "phone": format!("+91981{number:07}"), "role": "driver" });
        device.post("/v1/users", person).await?;
        let login = json!({ "email": email, "password": password });
        let tokens = device.post("/v1/sessions", login).await?;
        device.token = tokens["access_token"]
            .as_str()
            .ok_or("no access token")?
            .to_owned();
        Ok(device)
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Box<dyn Error>> {
        let answer = self
            .http
            .post(format!("{}{path}", self.url))
            .header("Idempotency-Key", format!("{path}-{}", self.number))
            .json(&body)
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// One batch after the other, a second of driving between two fixes; how long each took that was sent while
    /// it counts.
    async fn send(
        self,
        from: Instant,
        until: Instant,
    ) -> Result<Vec<Duration>, Box<dyn Error + Send + Sync>> {
        let (mut took, mut seq) = (Vec::new(), 0);
        // What a device could not send for most of a day: many fixes, none of them too old.
        let start = MachineClock::machine_now() - SignedDuration::from_hours(23);
        while Instant::now() < until {
            let body = self.batch(start, &mut seq);
            let began = Instant::now();
            let answer = self
                .http
                .post(format!("{}/v1/fixes", self.url))
                .bearer_auth(&self.token)
                .header("Idempotency-Key", format!("{}-{seq}", self.number))
                .header("Content-Type", "application/json")
                .body(body)
                .send()
                .await?
                .error_for_status()?;
            let taken: Value = answer.json().await?;
            if taken["accepted"] != BATCH {
                return Err(format!("not all fixes were accepted: {taken}").into());
            }
            if began >= from && Instant::now() < until {
                took.push(began.elapsed());
            }
        }
        Ok(took)
    }

    fn batch(&self, start: interstate_schemas::Timestamp, seq: &mut u64) -> String {
        let mut body = String::from("{\"fixes\":[");
        for _ in 0..BATCH {
            let at = start + SignedDuration::from_secs(seq.cast_signed());
            // Back and forth on 40 km of a road, 20 m a second.
            let way = (*seq % 4_000).abs_diff(2_000) as f64 * 20.0;
            let lat = 23.0 + way / 111_000.0;
            let lon = 72.5 + self.number as f64 * 0.001;
            let comma = if body.ends_with('[') { "" } else { "," };
            let _ = write!(
                body,
                "{comma}{{\"device\":\"phone\",\"seq\":{seq},\"at\":\"{at}\",\"point\":{{\"lat\":{lat:.6},\"lon\":{lon:.6}}},\
                 \"accuracy_m\":8.0,\"speed_mps\":20.0,\"bearing_deg\":0.0}}"
            );
            *seq += 1;
        }
        body.push_str("]}");
        body
    }
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
