//! What a task alone promises.

use super::{Limits, Task, Verdict};
use crate::{
    Aggregate, Context, Decision, Message, Rejection, Service, Topology,
    envelope::{Command, CommandMeta, Origin},
    key_use::Never,
    receipt::{Channel, Outcome},
    store::MemoryStore,
};
use bytes::Bytes;
use interstate_log::{Record, Stored};
use interstate_schemas::{Actor, Address, AddressedCommand, CommandId, Timestamp};
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
    let origin = Origin::Edge {
        reply_to: "edge".to_owned(),
        expires: Timestamp::MAX,
        fingerprint: 1,
    };
    told(number, origin)
}

/// Decides one command and makes it durable; the verdict, where somebody waits for one.
fn decided(task: &mut Task, command: Record) -> Option<Verdict> {
    let command = Stored {
        offset: task.position(),
        record: command,
    };
    let step = task.step(&[command], None, NOW).unwrap();
    let next = task.next() + 1;
    let (replies, _) = task.commit(step.unwrap(), next);
    replies.into_iter().next().map(|reply| reply.verdict)
}

#[test]
fn while_too_much_waits_to_be_sent_the_edge_is_told_to_come_back_and_nobody_else_is_held_up() {
    let (near, far) = (
        Service::new("near").partitions(1).aggregate::<Relay>(),
        Service::new("far").partitions(1),
    );
    let limits = Limits {
        unsent: 2,
        ..Limits::default()
    };
    let topology = Topology::of([&near, &far]);
    let mut task = Task::open(near, topology, 0, Box::new(MemoryStore::default()), limits).unwrap();
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

    let channel = Channel {
        incarnation: task.incarnation(),
        service: "far".into(),
        partition: 0,
    };
    task.acknowledge(&channel, 3);
    assert!(
        accepted(decided(&mut task, asked(2))),
        "the same command, once there is room"
    );
}
