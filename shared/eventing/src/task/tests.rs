//! What a task alone promises.

use super::{Limits, Task, Verdict};
use crate::{
    Aggregate, Batch, Context, Decision, Message, Rejection, Service, Topology,
    envelope::{Command, CommandMeta, Origin},
    key_use::Never,
    receipt::{Channel, Occasion, Outcome, Outgoing, Receipt},
    store::{MemoryStore, StateStore},
};
use bytes::Bytes;
use interstate_log::{Record, Stored};
use interstate_schemas::{Actor, Address, AddressedCommand, CommandId, SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Passes on whatever it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Relay;

#[derive(Serialize)]
struct PassedOn;

impl AddressedCommand for PassedOn {
    const SERVICE: &'static str = "far";
    const AGGREGATE: &'static str = "relay";
}

impl Aggregate for Relay {
    const NAME: &'static str = "relay";
    type Command = serde::de::IgnoredAny;
    type Event = Never;

    fn decide(&self, _: Self::Command, _: &Context<'_>) -> Result<Decision<Never>, Rejection> {
        Ok(Decision::nothing().send(Message::to("other", &PassedOn)))
    }

    fn evolve(&mut self, event: &Never, _: Timestamp) {
        match *event {}
    }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn told(number: u64, origin: Origin) -> Record {
    let meta = CommandMeta {
        id: CommandId::derive(0, &[&number.to_be_bytes()]),
        to: Address {
            service: "near".into(),
            aggregate: Relay::NAME.into(),
            id: "one".to_owned(),
        },
        actor: Actor::System,
        correlation: CommandId::derive(0, &[b"first"]),
        trace: None,
        origin,
        step: None,
    };
    let payload = Bytes::from_static(b"null");
    Command { meta, payload }.to_record()
}

fn asked(number: u64) -> Record {
    asked_until(Timestamp::MAX, number)
}

fn asked_until(expires: Timestamp, number: u64) -> Record {
    let origin = Origin::Edge {
        reply_to: "edge".to_owned(),
        expires,
        fingerprint: 1,
    };
    told(number, origin)
}

/// Decides one command and makes it durable; the verdict, where somebody waits for one.
fn decided(task: &mut Task, command: Record) -> Option<Verdict> {
    decided_at(NOW, task, command)
}

fn decided_at(now: Timestamp, task: &mut Task, command: Record) -> Option<Verdict> {
    let command = Stored {
        offset: task.position(),
        record: command,
    };
    let step = task.step(&[command], None, now).unwrap();
    let next = task.next() + 1;
    let (replies, _) = task.commit(step.unwrap(), next);
    replies.into_iter().next().map(|reply| reply.verdict)
}

/// The near task, whose messages go to the far one, with its cache here.
fn near(cache: &MemoryStore, limits: Limits) -> Task {
    let (near, far) = (
        Service::new("near").partitions(1).aggregate::<Relay>(),
        Service::new("far").partitions(1),
    );
    let topology = Topology::of([&near, &far]);
    Task::open(near, topology, 0, Box::new(cache.clone()), limits).unwrap()
}

fn to_far(task: &Task) -> Channel {
    Channel {
        incarnation: task.incarnation(),
        service: "far".into(),
        partition: 0,
    }
}

#[test]
fn while_too_much_waits_to_be_sent_the_edge_is_told_to_come_back_and_nobody_else_is_held_up() {
    let limits = Limits {
        unsent: 2,
        ..Limits::default()
    };
    let mut task = near(&MemoryStore::default(), limits);
    let accepted = |verdict| matches!(verdict, Some(Verdict::Outcome(Outcome::Accepted { .. })));
    for number in 0..2 {
        assert!(accepted(decided(&mut task, asked(number))));
    }
    assert_eq!(decided(&mut task, asked(2)), Some(Verdict::Overloaded));
    assert_eq!(task.unsent_count(), 2, "it was not decided");
    assert!(
        accepted(decided(&mut task, asked(1))),
        "who repeats is told what became of it"
    );
    // What another task has sent is taken all the same: its sender would pile up instead.
    let message = Origin::Task {
        incarnation: 0,
        service: "far".into(),
        partition: 0,
        number: 1,
    };
    assert_eq!(decided(&mut task, told(3, message)), None);
    assert_eq!(task.unsent_count(), 3);

    task.acknowledge(&to_far(&task), 3);
    assert!(
        accepted(decided(&mut task, asked(2))),
        "the same command, once there is room"
    );
}

#[test]
fn a_message_that_a_restored_log_gives_back_outlives_the_process_though_later_ones_had_been_written() {
    let cache = MemoryStore::default();
    let mut task = near(&cache, Limits::default());
    for number in 0..3 {
        decided(&mut task, asked(number));
    }
    task.flush().unwrap();
    let second = task.unsent().nth(1).unwrap().clone();
    let channel = second.channel.clone();
    task.acknowledge(&channel, 3);
    task.flush().unwrap();

    task.replay(&Batch {
        events: Vec::new(),
        receipt: closing(&task, second.clone()),
        next: task.next() + 1,
    })
    .unwrap();
    let unsent = |task: &Task| task.unsent().cloned().collect::<Vec<Outgoing>>();
    assert_eq!(unsent(&task), std::slice::from_ref(&second));
    task.flush().unwrap();
    let mut again = near(&cache, Limits::default());
    assert_eq!(unsent(&again), [second]);
    again.acknowledge(&channel, 3);
    again.flush().unwrap();
    assert_eq!(unsent(&near(&cache, Limits::default())), []);
}

/// What begins a new incarnation: it gives a message back that its receiver does not have.
fn closing(task: &Task, message: Outgoing) -> Receipt {
    Receipt {
        number: 100,
        incarnation: task.incarnation() + 1,
        occasion: Occasion::Stop,
        first: task.sequence() + 1,
        last: task.sequence(),
        time: NOW,
        commands: 0,
        outcomes: Vec::new(),
        messages: vec![message],
        sent: Vec::new(),
        received: Vec::new(),
        reactors: Vec::new(),
        pending: Vec::new(),
        parked: Vec::new(),
    }
}

#[test]
fn a_command_is_remembered_for_a_day_of_the_logs_time_and_then_forgotten_on_disk_too() {
    let cache = MemoryStore::default();
    let mut task = near(&cache, Limits::default());
    let outcomes = |task: &mut Task| {
        task.flush().unwrap();
        let mut count = 0;
        let each = &mut |_: &[u8], _: &[u8]| {
            count += 1;
            true
        };
        cache.scan(b"o", each).unwrap();
        count
    };
    decided(&mut task, asked(0));
    assert_eq!((task.unsent_count(), outcomes(&mut task)), (1, 1));
    let minutes = |minutes: i64| NOW + SignedDuration::from_mins(minutes);
    let again = decided_at(minutes(24 * 60 - 1), &mut task, asked(0));
    assert!(matches!(again, Some(Verdict::Outcome(Outcome::Accepted { .. }))));
    assert_eq!(task.unsent_count(), 1, "what was decided is only told again");
    let again = decided_at(minutes(24 * 60 + 1), &mut task, asked(0));
    assert!(matches!(again, Some(Verdict::Outcome(Outcome::Accepted { .. }))));
    assert_eq!(task.unsent_count(), 2, "it is a new command");
    assert_eq!(outcomes(&mut task), 1, "as which it is remembered");
    let again = decided_at(minutes(24 * 60 + 2), &mut task, asked(0));
    assert!(matches!(again, Some(Verdict::Outcome(Outcome::Accepted { .. }))));
    assert_eq!(task.unsent_count(), 2, "it is told again");
    decided_at(minutes(50 * 60), &mut task, asked(1));
    assert_eq!(outcomes(&mut task), 1, "the one of today");
}

#[test]
fn a_command_that_comes_too_late_is_not_decided_and_not_remembered() {
    let mut task = near(&MemoryStore::default(), Limits::default());
    let seconds = |seconds: i64| NOW + SignedDuration::from_secs(seconds);
    let late = decided_at(seconds(31), &mut task, asked_until(seconds(30), 0));
    assert!(matches!(late, Some(Verdict::Expired { .. })), "{late:?}");
    assert_eq!(task.unsent_count(), 0);
    let repeated = decided_at(seconds(32), &mut task, asked_until(seconds(60), 0));
    assert!(matches!(
        repeated,
        Some(Verdict::Outcome(Outcome::Accepted { .. }))
    ));
    assert_eq!(task.unsent_count(), 1);
}
