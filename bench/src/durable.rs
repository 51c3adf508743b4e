//! Durable events/s: commands through tasks on the embedded log, against raw batches of the same bytes.

use crate::{
    figures, node,
    note::{Note, Write},
};
use interstate_eventing::{Service, runtime::Ask};
use interstate_log::{Record, Topic};
use interstate_schemas::Actor;
use std::{
    error::Error,
    sync::mpsc,
    time::{Duration, Instant},
};

/// Events that one command makes, and bytes of each one's text.
const EVENTS: usize = 3;
const TEXT: usize = 200;

pub async fn run(concurrency: usize, seconds: u64) -> Result<(), Box<dyn Error>> {
    let node = node::start(vec![Service::new("notes").aggregate::<Note>()]).await?;
    let limit = Duration::from_secs(seconds);
    let cpu = figures::cpu_ms();
    let began = Instant::now();
    let clients = (0..concurrency).map(|client| {
        let commands = node.commands.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while began.elapsed() < limit {
                let started = Instant::now();
                let write = Write {
                    text: "x".repeat(TEXT),
                    events: EVENTS as u8,
                };
                let id = format!("note-{client}-{}", latencies.len() % 50);
                if commands.ask(Ask::to(id, &write, Actor::System)).await.is_ok() {
                    latencies.push(started.elapsed());
                }
            }
            latencies
        })
    });
    let mut latencies: Vec<Duration> = Vec::new();
    for client in futures::future::join_all(clients).await {
        latencies.extend(client?);
    }
    let rate = latencies.len() as f64 * EVENTS as f64 / began.elapsed().as_secs_f64();
    let cpu = (figures::cpu_ms() - cpu) as f64 / latencies.len() as f64;
    latencies.sort_unstable();

    // What stands in the log now, in the bytes that a command has there.
    let mut reader = node.env.log.read(&Topic::events("notes"), 0, 0).await?;
    let (mut bytes, mut batches) = (0, 0);
    for _ in 0..50 {
        for stored in reader.poll(1_000).await?.records {
            bytes += stored.record.size();
            batches += usize::from(is_event(&stored.record));
        }
    }
    let each = bytes / (batches / EVENTS).max(1);
    node.host.stop().await;
    let raw = raw(concurrency, limit, each)? * EVENTS as f64;
    println!(
        "{}",
        serde_json::json!({
            "what": "durable", "concurrency": concurrency, "events_per_second": rate.round(),
            "raw_events_per_second": raw.round(), "ratio": rate / raw, "bytes_a_command": each,
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
            "cpu_ms_a_command": cpu,
        })
    );
    Ok(())
}

fn is_event(record: &Record) -> bool {
    record.header("ce_sequence").is_some()
}

/// Commands/s of raw batches: as many writers, each waiting for its own sync, group commit, the same bytes.
fn raw(writers: usize, limit: Duration, bytes: usize) -> Result<f64, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let database = fjall::Database::builder(dir.path()).open()?;
    let keyspace = database.keyspace("events", fjall::KeyspaceCreateOptions::default)?;
    let (sender, receiver) = mpsc::sync_channel::<mpsc::SyncSender<()>>(1024);
    let began = Instant::now();
    let handles: Vec<_> = (0..writers)
        .map(|_| {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let (done, wait) = mpsc::sync_channel(1);
                let mut count = 0u64;
                while began.elapsed() < limit && sender.send(done.clone()).is_ok() && wait.recv().is_ok() {
                    count += 1;
                }
                count
            })
        })
        .collect();
    drop(sender);
    let (mut offset, value) = (0u64, vec![7u8; bytes / (EVENTS + 1)]);
    while let Ok(first) = receiver.recv() {
        let mut waiting = vec![first];
        while let Ok(next) = receiver.try_recv() {
            waiting.push(next);
        }
        let mut batch = database.batch();
        for _ in 0..waiting.len() * (EVENTS + 1) {
            batch.insert(&keyspace, offset.to_be_bytes(), &value[..]);
            offset += 1;
        }
        batch.commit()?;
        database.persist(fjall::PersistMode::SyncAll)?;
        for done in waiting {
            let _ = done.send(());
        }
    }
    let count: u64 = handles.into_iter().filter_map(|handle| handle.join().ok()).sum();
    Ok(count as f64 / began.elapsed().as_secs_f64())
}
