//! A longer history in a log: bookings, one after the other, in batches.

use crate::suite::story::{self, event};
use interstate_analytics::read::clickhouse::{ClickHouse, ClickHouseFacts};
use interstate_eventing::{
    Batches, Event,
    projection::{Consumers, Follow, Position},
    receipt::{Occasion, Receipt},
    runtime::MachineClock,
};
use interstate_log::{
    Log, PartitionId, Topic, TopicSpec,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::Timestamp;
use std::{path::Path, sync::Arc};

pub const SERVICE: &str = "booking";

/// The log in this folder.
pub async fn open(folder: &Path) -> Arc<dyn Log> {
    let log = EmbeddedLog::open(Options::new(folder.to_owned())).unwrap();
    let topic = Topic::events(SERVICE);
    log.ensure(&[TopicSpec { topic, partitions: 2 }]).await.unwrap();
    Arc::new(log)
}

/// Events of bookings, as the story tells them, again and again.
pub fn events(partition: u32, from: u64, count: u64) -> Vec<Event> {
    let told = story::told();
    let of_bookings = &told.events[SERVICE];
    let numbered = (from..from + count).map(|sequence| {
        let like = &of_bookings[(sequence as usize - 1) % of_bookings.len()];
        let payload = serde_json::from_slice(&like.payload).unwrap();
        event(
            SERVICE,
            partition,
            sequence,
            &like.event_type,
            like.subject.clone(),
            like.time,
            &payload,
        )
    });
    numbered.collect()
}

/// Writes batches of so many events each behind what is there; gives the last sequence.
pub async fn write(log: &Arc<dyn Log>, partition: u32, from: u64, batches: u64, each: u64) -> u64 {
    let id = PartitionId::new(SERVICE, partition);
    let mut writer = log.take_over(&id).await.unwrap();
    let mut sequence = from;
    for batch in 0..batches {
        let events = events(partition, sequence + 1, each);
        let mut records: Vec<_> = events.iter().map(Event::to_record).collect();
        let receipt = Receipt {
            number: from / each + batch + 1,
            incarnation: 1,
            occasion: Occasion::Batch,
            first: sequence + 1,
            last: sequence + each,
            time: Timestamp::UNIX_EPOCH,
            commands: 0,
            outcomes: Vec::new(),
            messages: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
            reactors: Vec::new(),
            pending: Vec::new(),
            parked: Vec::new(),
        };
        records.push(receipt.to_record(SERVICE));
        writer.append(records).await.unwrap();
        sequence += each;
    }
    sequence
}

/// What was written, batch by batch, with the position behind each.
pub async fn blocks(log: &Arc<dyn Log>, partition: u32) -> Vec<(Vec<Event>, Position)> {
    let topic = Topic::events(SERVICE);
    let mut reader = log.read(&topic, partition, 0).await.unwrap();
    let mut batches = Batches::new(SERVICE.into(), partition, 0, 0);
    let (end, mut next) = (log.end(&topic, partition).await.unwrap(), 0);
    let mut blocks = Vec::new();
    while next < end {
        let chunk = reader.next(1_000).await.unwrap();
        next = chunk.next;
        for stored in &chunk.records {
            if let Some(batch) = batches.push(stored).unwrap() {
                let behind = Position::behind(&batch);
                blocks.push((batch.events, behind));
            }
        }
    }
    blocks
}

/// Follows both partitions from here on.
pub fn follow(log: &Arc<dyn Log>, db: &ClickHouse) -> (Vec<tokio::task::JoinHandle<()>>, Consumers) {
    let follow = Follow {
        log: log.clone(),
        clock: Arc::new(MachineClock::real()),
        consumers: Consumers::default(),
    };
    let model = Arc::new(ClickHouseFacts::new(db, SERVICE, log.clone()));
    let (_, runners) = follow.projection(model, SERVICE, 2);
    let running = runners.into_iter().map(|runner| tokio::spawn(runner.run()));
    (running.collect(), follow.consumers.clone())
}

/// Rows of each table that so many events make.
pub fn rows(count: u64) -> Vec<(&'static str, u64)> {
    let events = events(0, 1, count);
    let of = |types: &[&str]| {
        events
            .iter()
            .filter(|event| types.contains(&&*event.event_type))
            .count() as u64
    };
    let stages = of(&[
        "booking.confirmed.v1",
        "booking.assigned.v1",
        "booking.completed.v1",
        "booking.cancelled.v1",
        "booking.unfulfilled.v1",
        "booking.lapsed.v1",
    ]);
    vec![
        ("events", count),
        ("quotes", of(&["quote.issued.v1"])),
        ("bookings", of(&["booking.requested.v1"])),
        ("stages", stages),
        // Four lines in each quote that was booked and on each invoice, one in each explanation.
        (
            "fare_lines",
            4 * of(&["booking.requested.v1", "booking.completed.v1"]) + of(&["booking.fare_differed.v1"]),
        ),
    ]
}
