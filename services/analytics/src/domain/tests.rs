//! What analytics reads of others' events holds for everything that they have ever published.

use super::{Fact, facts};
use interstate_eventing::Event;
use interstate_schemas::{Actor, BookingId, CommandId, DispatchId, EventId, Timestamp};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

fn event(event_type: &str, payload: &Value) -> Event {
    let command = CommandId::derive(1, &[b"command"]);
    let booking = BookingId::derive(1, &[b"booking"]);
    let subject = match event_type.split_once('.') {
        Some(("dispatch", _)) => DispatchId::from(booking).to_string(),
        _ => booking.to_string(),
    };
    Event {
        id: EventId::derive(1, &[b"event"]),
        service: "booking".into(),
        partition: 0,
        sequence: 1,
        aggregate: "thing".into(),
        subject,
        version: 1,
        event_type: event_type.to_owned().into(),
        time: Timestamp::UNIX_EPOCH,
        actor: Actor::System,
        correlation: command,
        causation: command,
        trace: None,
        payload: serde_json::to_vec(payload).unwrap().into(),
    }
}

fn samples() -> BTreeMap<String, Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/samples");
    let files = fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())
    });
    files.collect()
}

#[test]
fn every_published_event_becomes_facts() {
    let mut with_more = 0;
    for (event_type, payloads) in samples() {
        for payload in payloads {
            let made = facts(&event(&event_type, &payload));
            let made = made.unwrap_or_else(|error| panic!("{event_type}: {error}"));
            assert!(matches!(made[0], Fact::Happened(_)), "{event_type}");
            with_more += usize::from(made.len() > 1);
        }
    }
    assert!(with_more > 15, "only {with_more} samples are more than counted");
}

#[test]
fn what_cannot_be_counted_right_is_not_counted() {
    let mut samples = samples();
    let mut issued = samples.remove("quote.issued.v1").unwrap().remove(0);
    issued["tariff"] = "nepal-2027-01".into();
    let refused = facts(&event("quote.issued.v1", &issued)).unwrap_err();
    assert!(refused.to_string().contains("nepal-2027-01"), "{refused}");

    let mut cancelled = samples.remove("booking.cancelled.v1").unwrap().remove(0);
    cancelled["terms"]["reason"] = "A_LATER_REASON".into();
    assert!(facts(&event("booking.cancelled.v1", &cancelled)).is_err());

    let other = Event {
        subject: "usr_0000000000FRW5X7B6TY9B6SBT".to_owned(),
        ..event("booking.confirmed.v1", &Value::Null)
    };
    assert!(facts(&other).unwrap_err().to_string().contains("usr_"));
}

#[test]
fn nobody_is_named_in_a_fact() {
    let issued = samples().remove("quote.issued.v1").unwrap().remove(0);
    let rider = issued["rider"].as_str().unwrap().to_owned();
    let made = format!("{:?}", facts(&event("quote.issued.v1", &issued)).unwrap());
    assert!(!made.contains(&rider) && !made.contains("Bengaluru"), "{made}");
}
