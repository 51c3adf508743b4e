//! A process for tests to kill: it takes partition 0 of a service over, replays it, says how many batches it
//! found, and then appends one batch after the other, saying the number of each once it is acknowledged.
//!
//! `log-writer embedded DIR SERVICE`, or `log-writer kafka BROKERS SERVICE`.

use bytes::Bytes;
use interstate_log::{Log, PartitionId, Record, Topic, TopicSpec};
use std::{error::Error, io::Write, sync::Arc};

/// Records of a batch.
const SIZE: usize = 5;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, place, service] = &arguments[..] else {
        return Err("log-writer embedded|kafka PLACE SERVICE".into());
    };
    let log = open(engine, place)?;
    let events = Topic::events(service.clone());
    log.ensure(&[TopicSpec {
        topic: events.clone(),
        partitions: 1,
    }])
    .await?;
    let mut writer = log.take_over(&PartitionId::new(service.clone(), 0)).await?;
    let mut number = replay(&*log, &events).await?;
    say(&format!("restored {number}"))?;
    loop {
        writer.append(batch(number)).await?;
        say(&number.to_string())?;
        number += 1;
    }
}

fn open(engine: &str, place: &str) -> Result<Arc<dyn Log>, Box<dyn Error>> {
    match engine {
        #[cfg(feature = "embedded")]
        "embedded" => {
            use interstate_log::embedded::{EmbeddedLog, Options};
            Ok(Arc::new(EmbeddedLog::open(Options::new(place))?))
        }
        #[cfg(feature = "kafka")]
        "kafka" => {
            use interstate_log::kafka::{KafkaLog, Options};
            Ok(Arc::new(KafkaLog::new(Options::new(place))?))
        }
        other => Err(format!("no engine {other}").into()),
    }
}

fn batch(number: u64) -> Vec<Record> {
    (0..SIZE)
        .map(|index| Record {
            key: Bytes::from_static(b"key"),
            headers: Vec::new(),
            payload: format!("{number}.{index}").into(),
        })
        .collect()
}

/// The number of whole batches. Half of one, a hole or a repetition is an error.
async fn replay(log: &dyn Log, events: &Topic) -> Result<u64, Box<dyn Error>> {
    let end = log.end(events, 0).await?;
    let mut reader = log.read(events, 0, 0).await?;
    let (mut position, mut count) = (0, 0);
    while position < end {
        let chunk = reader.next(1000).await?;
        for stored in chunk.records {
            let expected = format!("{}.{}", count / SIZE, count % SIZE);
            if stored.record.payload != expected.as_bytes() {
                return Err(format!("{expected} expected, {:?} found", stored.record.payload).into());
            }
            count += 1;
        }
        position = chunk.next;
    }
    if count % SIZE != 0 {
        return Err(format!("{count} records are no whole number of batches").into());
    }
    Ok((count / SIZE) as u64)
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
