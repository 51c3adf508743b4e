//! A process for tests to kill: it joins the group of a service, takes over what it is given, replays it, and
//! appends one batch after the other to each. It says what it does, a line each, once it is so: `owns 2 7`
//! (partition 2, with 7 batches), `wrote 2 8` (there are 8 now), `lost 2`. SIGTERM has it leave the group and end.
//!
//! `log-member BROKERS SERVICE PARTITIONS SESSION_SECONDS`

use interstate_log::{
    Assignment, Lease, Log, PartitionId, Record, Topic, TopicKind, TopicSpec,
    kafka::{KafkaLog, Options},
};
use std::{collections::HashMap, error::Error, io::Write, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, service, partitions, session] = &arguments[..] else {
        return Err("log-member BROKERS SERVICE PARTITIONS SESSION_SECONDS".into());
    };
    let log = KafkaLog::new(Options {
        session_timeout: Duration::from_secs(session.parse()?),
        ..Options::new(brokers)
    })?;
    let partitions = partitions.parse()?;
    let topics = [TopicKind::Commands, TopicKind::Events].map(|kind| TopicSpec {
        topic: Topic::new(service.clone(), kind),
        partitions,
    });
    log.ensure(&topics).await?;
    let mut membership = log.join(service).await?;
    let mut owned: HashMap<PartitionId, Writing> = HashMap::new();
    let mut terminated = signal(SignalKind::terminate())?;
    loop {
        let next = tokio::select! {
            next = membership.next() => next?,
            _ = terminated.recv() => break,
        };
        match next {
            Assignment::Assigned(id, lease) => {
                let (stop, stopping) = watch::channel(false);
                let writing = tokio::spawn(write(log.clone(), id.clone(), lease, stopping));
                owned.insert(id, (stop, writing));
            }
            Assignment::Revoked(id, done) => {
                if let Some((stop, writing)) = owned.remove(&id) {
                    stop.send_replace(true);
                    writing.await?;
                }
                say(&format!("lost {}", id.index))?;
                drop(done);
            }
        }
    }
    for (id, (stop, writing)) in owned {
        stop.send_replace(true);
        writing.await?;
        say(&format!("lost {}", id.index))?;
    }
    membership.leave().await;
    // At once, as a process ends: nothing that still runs comes to its end.
    std::process::exit(0)
}

/// Tells a writer to stop, and waits for it.
type Writing = (watch::Sender<bool>, tokio::task::JoinHandle<()>);

/// Owns a partition as a task does: what it is not sure of, it asks the log about.
async fn write(log: KafkaLog, id: PartitionId, lease: Arc<dyn Lease>, stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = own(&log, &id, &*lease, &stop).await {
            eprintln!("{id}: {error}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn own(
    log: &KafkaLog,
    id: &PartitionId,
    lease: &dyn Lease,
    stop: &watch::Receiver<bool>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    if !lease.prove().await? {
        return Ok(());
    }
    let mut writer = log.take_over(id).await?;
    let mut number = count(log, id).await?;
    say(&format!("owns {} {number}", id.index))?;
    while !*stop.borrow() {
        let batch = (0..SIZE).map(|index| Record {
            payload: format!("{number}.{index}").into(),
            ..Record::default()
        });
        writer.append(batch.collect()).await?;
        number += 1;
        say(&format!("wrote {} {number}", id.index))?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Records of a batch.
const SIZE: u64 = 3;

/// The number of whole batches. Half of one, a hole or a repetition is an error.
async fn count(log: &KafkaLog, id: &PartitionId) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let events = Topic::events(id.service.clone());
    let end = log.end(&events, id.index).await?;
    let mut reader = log.read(&events, id.index, 0).await?;
    let (mut position, mut count) = (0, 0);
    while position < end {
        let chunk = reader.poll(1000).await?;
        for stored in &chunk.records {
            let expected = format!("{}.{}", count / SIZE, count % SIZE);
            if stored.record.payload != expected.as_bytes() {
                return Err(format!("{expected} expected, {:?} found", stored.record.payload).into());
            }
            count += 1;
        }
        if chunk.records.is_empty() && chunk.next <= position {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        position = chunk.next;
    }
    if count % SIZE != 0 {
        return Err(format!("{count} records are no whole number of batches").into());
    }
    Ok(count / SIZE)
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
