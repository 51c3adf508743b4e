//! How fast a log is on this machine: `log_speed embedded DIR` or `log_speed kafka HOST:PORT [FETCH_WAIT_MS]`.
//!
//! 64 tasks append batches of three records of 300 bytes; one appends alone; one partition is read back.

use bytes::Bytes;
use interstate_log::{Log, LogError, PartitionId, Record, Topic, TopicSpec, embedded, kafka};
use std::{sync::Arc, time::Duration, time::Instant};

const WRITERS: u32 = 64;
const SECONDS: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["embedded", dir] => {
            let log = embedded::EmbeddedLog::open(embedded::Options::new(dir))?;
            runtime.block_on(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                println!("idle: {} MB resident", resident_mb());
                measure(Arc::new(log), WRITERS).await
            })?;
            std::thread::sleep(Duration::from_secs(3));
            println!("afterwards: {} MB resident", resident_mb());
            raw(dir)?;
        }
        ["kafka", brokers, ref more @ ..] => {
            let mut options = kafka::Options::new(brokers);
            if let [milliseconds] = more {
                options.fetch_wait = Duration::from_millis(milliseconds.parse()?);
            }
            options.prefix = format!("speed-{}.", std::process::id());
            runtime.block_on(async {
                let log: Arc<dyn Log> = Arc::new(kafka::KafkaLog::new(options)?);
                measure(log, 4).await
            })?;
        }
        _ => return Err("log_speed embedded DIR | log_speed kafka HOST:PORT [FETCH_WAIT_MS]".into()),
    }
    Ok(())
}

fn batch() -> Vec<Record> {
    let headers = [
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_subject",
        "ce_time",
        "ce_sequence",
    ];
    let record = Record {
        key: Bytes::from_static(b"bkg_01JD3M0Z8Q"),
        headers: headers
            .iter()
            .map(|name| ((*name).into(), Bytes::from_static(b"booking.confirmed.v1")))
            .collect(),
        payload: vec![b'x'; 120].into(),
    };
    vec![record; 3]
}

async fn measure(log: Arc<dyn Log>, partitions: u32) -> Result<(), LogError> {
    let events = Topic::events("speed");
    log.ensure(&[TopicSpec {
        topic: events.clone(),
        partitions,
    }])
    .await?;
    let began = Instant::now();
    let mut writers = Vec::new();
    for index in 0..partitions {
        writers.push(log.take_over(&PartitionId::new("speed", index)).await?);
    }
    println!("a takeover: {:?}", began.elapsed() / partitions);

    let mut reader = log.read(&events, 0, 0).await?;
    let (mut seen, mut following) = (0, Vec::new());
    for number in 1..500 {
        let end = writers[0]
            .append(batch())
            .await
            .map_err(|error| LogError::Other(error.to_string()))?;
        let began = Instant::now();
        while seen < number * 3 {
            seen += reader.next(1000).await?.records.len();
        }
        following.push(began.elapsed());
        // A pause of its own each time, so that fetches are met at every point.
        tokio::time::sleep(Duration::from_millis(end % 7)).await;
    }
    report("from acknowledged to read", SECONDS, following);
    drop(reader);

    let until = Instant::now() + SECONDS;
    let mut alone = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        writers[0]
            .append(batch())
            .await
            .map_err(|error| LogError::Other(error.to_string()))?;
        alone.push(began.elapsed());
    }
    report("one writer", SECONDS, alone);

    let tasks: Vec<_> = writers
        .into_iter()
        .map(|mut writer| {
            tokio::spawn(async move {
                let until = Instant::now() + SECONDS;
                let mut times = Vec::new();
                while Instant::now() < until {
                    let began = Instant::now();
                    writer.append(batch()).await.expect("an append in a measurement");
                    times.push(began.elapsed());
                }
                // Then much at once, for the reader.
                for _ in 0..if partitions == 4 { 300 } else { 5 } {
                    let many: Vec<Record> = batch().into_iter().cycle().take(2000).collect();
                    writer.append(many).await.expect("an append in a measurement");
                }
                times
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("a task ends"));
    }
    report(&format!("{partitions} writers"), SECONDS, all);
    read_back(&*log, &events).await
}

async fn read_back(log: &dyn Log, events: &Topic) -> Result<(), LogError> {
    let end = log.end(events, 0).await?;
    let began = Instant::now();
    let mut reader = log.read(events, 0, 0).await?;
    let (mut position, mut count) = (0, 0);
    while position < end {
        let chunk = reader.next(1000).await?;
        position = chunk.next;
        count += chunk.records.len();
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    println!("reading one partition: {count} records, {rate:.0} a second");
    Ok(())
}

fn report(what: &str, time: Duration, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "{what}: {:.0} batches a second, p50 {:?}, p99 {:?}, slowest {:?}",
        times.len() as f64 / time.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
    );
}

/// The database alone: one thread that always finds 64 batches waiting, and wakes nobody.
fn raw(dir: &str) -> Result<(), Box<dyn std::error::Error>> {
    let database = fjall::Database::builder(std::path::Path::new(dir).join("raw")).open()?;
    let records = database.keyspace("records", fjall::KeyspaceCreateOptions::default)?;
    let until = Instant::now() + SECONDS;
    let mut done = 0_u64;
    while Instant::now() < until {
        let mut batch = database.batch();
        for writer in 0..WRITERS {
            for row in 0..3 {
                let mut key = writer.to_be_bytes().to_vec();
                key.extend((done * 3 + row).to_be_bytes());
                batch.insert(&records, key, vec![b'x'; 330]);
            }
        }
        batch.commit()?;
        database.persist(fjall::PersistMode::SyncData)?;
        done += 1;
    }
    let rate = (done * u64::from(WRITERS)) as f64 / SECONDS.as_secs_f64();
    println!("the database alone, {WRITERS} batches a sync: {rate:.0} batches a second");
    Ok(())
}

fn resident_mb() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096 / (1 << 20)
}
