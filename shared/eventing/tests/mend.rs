//! A queue that loses a message: its channel stands still, asks the sender, and goes on without a gap.
#![allow(clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use interstate_eventing::{
    Aggregate, Context, Decision, Message, Rejection, Service, Topology,
    envelope::{Command, Origin},
    events,
    runtime::{Ask, Commands, Env, Host, MachineClock, NoStores, TokioSpawn},
};
use interstate_log::{
    Delivery, Log, LogError, Membership, PartitionId, Reader, Record, Sender, Topic, TopicKind, TopicSpec,
    Writer,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::{Actor, AddressedCommand, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Noted {
    number: u64,
}

events! {
    pub enum ListEvent {
        Noted(Noted) = "list.noted.v1",
    }
}

/// Numbers in the order in which they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct List {
    numbers: Vec<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
enum ListCommand {
    /// Notes the number here, and has the other list note it.
    Tell(u64, String),
    Note(u64),
    Get,
}

impl AddressedCommand for ListCommand {
    const SERVICE: &'static str = "lists";
    const AGGREGATE: &'static str = "list";
}

impl Aggregate for List {
    const NAME: &'static str = "list";
    type Command = ListCommand;
    type Event = ListEvent;

    fn decide(&self, command: ListCommand, _: &Context<'_>) -> Result<Decision<ListEvent>, Rejection> {
        Ok(match command {
            ListCommand::Tell(number, other) => {
                Decision::event(Noted { number }).send(Message::to(other, &ListCommand::Note(number)))
            }
            ListCommand::Note(number) => Decision::event(Noted { number }),
            ListCommand::Get => Decision::nothing().reply(&self.numbers),
        })
    }

    fn evolve(&mut self, event: &ListEvent, _: Timestamp) {
        let ListEvent::Noted(noted) = event;
        self.numbers.push(noted.number);
    }
}

/// The embedded log, but for some messages between tasks that it takes and does not have.
struct Lossy {
    log: EmbeddedLog,
    carried: Arc<AtomicU32>,
}

struct LossySender {
    sender: Box<dyn Sender>,
    carried: Arc<AtomicU32>,
    loses: bool,
}

#[async_trait]
impl Log for Lossy {
    async fn ensure(&self, topics: &[TopicSpec]) -> Result<(), LogError> {
        self.log.ensure(topics).await
    }
    async fn take_over(&self, partition: &PartitionId) -> Result<Box<dyn Writer>, LogError> {
        self.log.take_over(partition).await
    }
    async fn read(&self, topic: &Topic, partition: u32, from: u64) -> Result<Box<dyn Reader>, LogError> {
        self.log.read(topic, partition, from).await
    }
    async fn end(&self, topic: &Topic, partition: u32) -> Result<u64, LogError> {
        self.log.end(topic, partition).await
    }
    async fn sender(&self, topic: &Topic) -> Result<Box<dyn Sender>, LogError> {
        Ok(Box::new(LossySender {
            sender: self.log.sender(topic).await?,
            carried: self.carried.clone(),
            loses: topic.kind == TopicKind::Commands,
        }))
    }
    async fn join(&self, service: &str) -> Result<Box<dyn Membership>, LogError> {
        self.log.join(service).await
    }
    fn commands_are_durable(&self) -> bool {
        self.log.commands_are_durable()
    }
}

impl LossySender {
    /// The 5th, 6th and 12th messages between tasks are lost.
    fn is_lost(&self, record: &Record) -> bool {
        let command = Command::from_record(record);
        let is_message = command.is_ok_and(|command| matches!(command.meta.origin, Origin::Task { .. }));
        self.loses && is_message && matches!(self.carried.fetch_add(1, Ordering::SeqCst) + 1, 5 | 6 | 12)
    }
}

#[async_trait]
impl Sender for LossySender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        if self.is_lost(&record) {
            let (delivered, delivery) = oneshot::channel();
            delivered.send(Ok(())).unwrap();
            return Ok(delivery);
        }
        self.sender.send(partition, record).await
    }
    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        self.sender.try_send(partition, record)
    }
}

/// Two ids whose aggregates stand in different partitions.
fn apart(topology: &Topology) -> (String, String) {
    let at = |id: &str| topology.partition("lists", id);
    let other = (0..)
        .map(|n| format!("list-{n}"))
        .find(|id| at(id) != at("first"));
    ("first".to_owned(), other.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_message_is_sent_again_and_all_arrive_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::new("lists").aggregate::<List>();
    let carried = Arc::new(AtomicU32::new(0));
    let log = Arc::new(Lossy {
        log: EmbeddedLog::open(Options::new(dir.path().join("log"))).unwrap(),
        carried: carried.clone(),
    });
    let topology = Topology::of([&service]);
    let (clock, spawn) = (Arc::new(MachineClock::real()), Arc::new(TokioSpawn));
    let env = Env::new(log, clock, spawn, Arc::new(NoStores), "node", topology.clone());
    let host = Host::start(&env, vec![service]).await.unwrap();
    let commands = Commands::new(env.clone());
    let (first, other) = apart(&topology);
    for number in 0..20 {
        let tell = ListCommand::Tell(number, other.clone());
        commands
            .ask(Ask::to(first.clone(), &tell, Actor::System))
            .await
            .unwrap();
    }
    let began = Instant::now();
    loop {
        let get = Ask::to(other.clone(), &ListCommand::Get, Actor::System);
        let numbers: Vec<u64> = commands.ask(get).await.unwrap().decode().unwrap();
        if numbers.len() == 20 {
            assert_eq!(numbers, (0..20).collect::<Vec<_>>());
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "only {numbers:?} have arrived"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(carried.load(Ordering::SeqCst) >= 20 + 3);
    let stopped: usize = env
        .statuses
        .snapshot()
        .values()
        .map(|status| status.stopped_channels)
        .sum();
    assert_eq!(stopped, 0, "no channel stands still any more");
    host.stop().await;
}
