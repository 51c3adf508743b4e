//! Trips made of the samples of every event that a quote or a booking ever had.

use interstate_booking::domain::{booking::Booking, quote::Quote};
use interstate_eventing::{Aggregate, Event};
use interstate_schemas::{Actor, BookingId, CommandId, EventId, QuoteId, Timestamp, UserId};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

pub const PARTITIONS: u32 = 2;

/// The events of a partition, in order.
pub type Partitions = Vec<Vec<Event>>;

pub fn rider(number: u64) -> UserId {
    UserId::derive(number, &[b"rider"])
}

pub fn quote(number: u64) -> QuoteId {
    QuoteId::derive(number, &[b"quote"])
}

/// A booking's later events by their type: sooner or later each of them happens to somebody.
const LATER: &[&[&str]] = &[
    &[
        "plan_chosen",
        "saga_moved",
        "advance_held",
        "search_opened",
        "driver_found",
        "driver_confirmed",
    ],
    &[
        "confirmed",
        "assigned",
        "set_off",
        "driver_overdue",
        "arrived",
        "code_refused",
        "started",
        "trip_ended",
        "completed",
        "closed",
    ],
    &[
        "assigned",
        "driver_released",
        "driver_lost",
        "assigned",
        "advance_captured",
        "fare_differed",
    ],
    &["undoing_stalled", "support_case_opened", "cancelled"],
    &["lapsed"],
    &["unfulfilled", "undoing_stalled"],
];

struct Samples(BTreeMap<String, Vec<Value>>);

impl Samples {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/samples");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        let read = files.map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (
                name,
                serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(),
            )
        });
        Self(read.collect())
    }

    fn all(&self, name: &str) -> &[Value] {
        &self.0[name]
    }
}

/// So many trips; of some the quote alone, of some the quote was taken. A quote and its booking may stand in different
/// partitions.
pub fn trips(count: u64) -> Partitions {
    let samples = Samples::read();
    let mut partitions: Partitions = vec![Vec::new(); PARTITIONS as usize];
    for number in 0..count {
        let (quoted, booked) = (number % 2, number / 2 % 2);
        let mut quote = Subject::new(Quote::NAME, self::quote(number).to_string(), number);
        let of = &mut partitions[usize::try_from(quoted).unwrap()];
        quote.tell(of, "quote.issued.v1", &samples.all("quote.issued.v1")[0]);
        if number % 5 == 4 {
            quote.tell(of, "quote.expired.v1", &samples.all("quote.expired.v1")[0]);
            continue;
        }
        quote.tell(of, "quote.accepted.v1", &samples.all("quote.accepted.v1")[0]);
        if number % 7 == 6 {
            continue;
        }
        let id = BookingId::from(self::quote(number)).to_string();
        let mut booking = Subject::new(Booking::NAME, id, number);
        let of = &mut partitions[usize::try_from(booked).unwrap()];
        booking.tell(
            of,
            "booking.requested.v1",
            &samples.all("booking.requested.v1")[0],
        );
        for chapter in LATER
            .iter()
            .take(1 + usize::try_from(number).unwrap() % LATER.len())
        {
            for name in *chapter {
                let name = format!("booking.{name}.v1");
                let all = samples.all(&name);
                // Of types with several samples each is somebody's.
                let some = if name == "booking.saga_moved.v1" {
                    all.len()
                } else {
                    1
                };
                let from = usize::try_from(number).unwrap() % (all.len() + 1 - some);
                for sample in &all[from..from + some] {
                    booking.tell(of, &name, sample);
                }
            }
        }
    }
    for events in &mut partitions {
        for (sequence, event) in (1..).zip(events) {
            event.sequence = sequence;
        }
    }
    partitions
}

/// A quote or a booking as it tells its events.
struct Subject {
    aggregate: &'static str,
    id: String,
    number: u64,
    version: u64,
}

impl Subject {
    fn new(aggregate: &'static str, id: String, number: u64) -> Self {
        Self {
            aggregate,
            id,
            number,
            version: 0,
        }
    }

    fn tell(&mut self, partition: &mut Vec<Event>, name: &str, sample: &Value) {
        self.version += 1;
        let mut payload = sample.clone();
        self.rename(&mut payload);
        let parts: [&[u8]; 2] = [self.id.as_bytes(), &self.version.to_be_bytes()];
        // Some are booked in the same millisecond.
        let millis = 1_795_000_000_000 + i64::try_from(self.number / 3 * 1_000 + self.version).unwrap();
        let (of, command) = (
            partition_of(self.aggregate, self.number),
            CommandId::derive(1, &parts),
        );
        partition.push(Event {
            id: EventId::derive(1, &parts),
            service: "booking".into(),
            partition: of,
            sequence: 0,
            aggregate: self.aggregate.into(),
            subject: self.id.clone(),
            version: self.version,
            event_type: name.to_owned().into(),
            time: Timestamp::from_millisecond(millis).unwrap(),
            actor: Actor::System,
            correlation: command,
            causation: command,
            trace: None,
            payload: serde_json::to_vec(&payload).unwrap().into(),
        });
    }

    /// The sample's own ids give way to those of this trip.
    fn rename(&self, value: &mut Value) {
        let Value::Object(members) = value else {
            return;
        };
        for (name, value) in members {
            match name.as_str() {
                "quote" => *value = json!(quote(self.number)),
                "booking" => *value = json!(BookingId::from(quote(self.number))),
                "rider" => *value = json!(rider(self.number % 3)),
                "order" => self.rename(value),
                _ => {}
            }
        }
    }
}

fn partition_of(aggregate: &str, number: u64) -> u32 {
    let of = if aggregate == Quote::NAME {
        number % 2
    } else {
        number / 2 % 2
    };
    u32::try_from(of).unwrap()
}
