//! Stories of a projection in memory: what a crash, a store that is away and a bad event do to it.

use super::{
    Consumers, Follow, MemoryReadModel, Moment, Position, ReadModel, Rows, Sequencer, decode_event,
    encode_event,
};
use crate::{Event, runtime::MachineClock};
use async_trait::async_trait;
use bytes::Bytes;
use interstate_log::PartitionId;
use interstate_schemas::{Actor, CommandId, EventId, Timestamp};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

fn event(sequence: u64, subject: &str, payload: &'static str) -> Event {
    let command = CommandId::derive(1, &[&sequence.to_be_bytes()]);
    Event {
        id: EventId::derive(1, &[&sequence.to_be_bytes()]),
        service: "booking".into(),
        partition: 0,
        sequence,
        aggregate: "booking".into(),
        subject: subject.to_owned(),
        version: sequence,
        event_type: "booking.noted.v1".into(),
        time: Timestamp::from_second(i64::try_from(sequence).unwrap()).unwrap(),
        actor: Actor::System,
        correlation: command,
        causation: command,
        trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        payload: Bytes::from_static(payload.as_bytes()),
    }
}

fn here() -> PartitionId {
    PartitionId::new("booking", 0)
}

fn at(sequence: u64) -> Position {
    Position {
        next: sequence * 2,
        sequence,
        receipt: sequence,
        incarnation: 1,
    }
}

/// Writes all payloads of a subject in a row; `bad` cannot be written.
fn notes(rows: &mut Rows<'_>, event: &Event) -> Result<(), String> {
    let mut row = rows.get(&event.subject).map(<[u8]>::to_vec).unwrap_or_default();
    row.extend_from_slice(&event.payload);
    rows.put(event.subject.clone(), row);
    if &event.payload[..] == b"bad" {
        return Err("it is bad".to_owned());
    }
    Ok(())
}

fn row(model: &MemoryReadModel, subject: &str) -> String {
    String::from_utf8(model.rows().get(subject).cloned().unwrap_or_default()).unwrap()
}

#[tokio::test]
async fn an_event_that_fails_is_parked_with_the_later_ones_of_its_subject_and_the_rest_goes_on() {
    let model = MemoryReadModel::new("notes", notes);
    let events = [
        event(1, "a", "1"),
        event(2, "b", "1"),
        event(3, "a", "bad"),
        event(4, "a", "2"),
        event(5, "b", "2"),
    ];
    let applied = model.apply(&here(), &events, at(5)).await.unwrap();

    assert_eq!(applied.parked, 2);
    assert_eq!(
        (row(&model, "a").as_str(), row(&model, "b").as_str()),
        ("1", "12")
    );
    assert_eq!(model.position(&here()).await.unwrap(), at(5));
    assert!(model.is_parked(&here(), "a").await.unwrap());
    assert!(!model.is_parked(&here(), "b").await.unwrap());

    // The fault is mended: they come in their order.
    let mended = model.with_fold(|rows, event| notes(rows, event).or(Ok(())));
    let retried = mended.retry_parked(&here()).await.unwrap();
    assert_eq!((retried.handled, retried.parked), (2, 0));
    assert_eq!(row(&model, "a"), "1bad2");
}

/// The store is away a few times.
struct Away(AtomicU32);

#[async_trait]
impl Sequencer for Away {
    async fn reach(&self, _: Moment) -> Result<(), String> {
        let left = self.0.load(Ordering::SeqCst);
        if left > 0 {
            self.0.store(left - 1, Ordering::SeqCst);
            return Err("the store is away".to_owned());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_store_that_fails_takes_nothing_and_moves_nothing() {
    let model = MemoryReadModel::new("notes", notes);
    let away = model.with_sequencer(Arc::new(Away(AtomicU32::new(1))));
    assert!(away.apply(&here(), &[event(1, "a", "1")], at(1)).await.is_err());
    assert_eq!(away.position(&here()).await.unwrap(), Position::default());
    assert!(model.rows().is_empty());
}

#[test]
fn a_parked_event_is_kept_whole() {
    let event = event(7, "bkg_1", "{}");
    assert_eq!(decode_event(&here(), &encode_event(&event)).unwrap(), event);
    assert!(decode_event(&here(), b"no event").is_err());
}

#[tokio::test]
async fn a_consumer_tells_how_old_its_oldest_event_is_until_it_has_caught_up() {
    let consumers = Consumers::default();
    let consumer = consumers.register(super::ConsumerKind::Projection, "notes", here());
    let second = |second| Timestamp::from_second(second).unwrap();
    let status = |consumers: &Consumers| consumers.status().remove(0);

    assert_eq!(status(&consumers).age(second(100)).as_secs(), 0);
    consumer.reading(second(40), 10);
    consumer.failed("the store is away");
    assert_eq!(status(&consumers).age(second(100)).as_secs(), 60);
    assert_eq!(status(&consumers).behind, 10);
    assert_eq!(status(&consumers).error.as_deref(), Some("the store is away"));
    consumer.handled(10, 5);
    assert_eq!(status(&consumers).age(second(100)).as_secs(), 0);
    assert_eq!((status(&consumers).behind, status(&consumers).error), (0, None));
}

/// Compiles only while a runner can be given to any executor.
#[expect(dead_code, reason = "its types are the test")]
fn a_runner_can_be_spawned_anywhere(log: Arc<dyn interstate_log::Log>) {
    fn anywhere(_: impl Future<Output = ()> + Send + 'static) {}
    let follow = Follow {
        log,
        clock: Arc::new(MachineClock::real()),
        consumers: Consumers::default(),
    };
    let model = Arc::new(MemoryReadModel::new("notes", notes));
    let (_, runners) = follow.projection(model, "booking", 4);
    for runner in runners {
        anywhere(runner.run());
    }
}
