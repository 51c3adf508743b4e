//! A service of two partitions whose accounts are credited, and a read model of it in some store.

use async_trait::async_trait;
use bytes::Bytes;
use interstate_eventing::{
    Event,
    projection::{At, Consumers, Follow, ReadPosition},
    receipt::{Occasion, Receipt},
    runtime::MachineClock,
};
use interstate_log::{
    Log, PartitionId, Topic, TopicSpec, Writer,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::{Actor, CommandId, EventId, Timestamp};
use interstate_stores::StoredModel;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub const SERVICE: &str = "ledger";
pub const PARTITIONS: u32 = 2;
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A store with the read model `balances`: what each account was credited, and how often. An event that is taken up
/// twice or not at all shows.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// The read model as a process opens it. While `mended` is set, amounts that are no numbers are taken as 1000.
    async fn open(&self, mended: Arc<AtomicBool>) -> Arc<dyn StoredModel>;
    /// An account's amount and how often it was credited.
    async fn balance(&self, account: &str) -> Option<(i64, i64)>;
    /// Puts another amount there, behind the projection's back.
    async fn spoil(&self, account: &str, amount: i64);
    /// What a rebuild has left behind and should not.
    async fn left_over(&self) -> Vec<String>;
    /// Whether several processes follow the same events into the same rows.
    fn is_shared(&self) -> bool;
}

/// What an event credits.
pub fn amount(event: &Event, mended: &AtomicBool) -> Result<i64, String> {
    let mended = mended.load(Ordering::SeqCst);
    match std::str::from_utf8(&event.payload).map_err(|error| error.to_string())? {
        "panic" if !mended => panic!("a projection's mistake"),
        "bad" | "panic" if mended => Ok(1000),
        number => number
            .parse()
            .map_err(|error: std::num::ParseIntError| error.to_string()),
    }
}

pub struct World {
    _dir: tempfile::TempDir,
    pub shelf: Arc<dyn Shelf>,
    pub log: Arc<dyn Log>,
    pub follow: Follow,
    writers: Vec<Ledger>,
}

/// One partition as its task writes it.
pub struct Ledger {
    writer: Box<dyn Writer>,
    partition: u32,
    sequence: u64,
    receipts: u64,
}

impl Ledger {
    /// One batch of credits, closed by its receipt.
    pub async fn credit(&mut self, credits: &[(&str, &str)]) -> At {
        let first = self.sequence + 1;
        let mut records = Vec::new();
        for (account, amount) in credits {
            self.sequence += 1;
            records.push(self.event(account, amount).to_record());
        }
        self.receipts += 1;
        let receipt = Receipt {
            number: self.receipts,
            incarnation: 1,
            occasion: Occasion::Batch,
            first,
            last: self.sequence,
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
        records.push(receipt.to_record("ledger"));
        self.writer.append(records).await.unwrap();
        At {
            incarnation: 1,
            partition: self.partition,
            sequence: self.sequence,
        }
    }

    fn event(&self, account: &str, amount: &str) -> Event {
        let parts: [&[u8]; 2] = [&self.partition.to_be_bytes(), &self.sequence.to_be_bytes()];
        let command = CommandId::derive(1, &parts);
        Event {
            id: EventId::derive(1, &parts),
            service: SERVICE.into(),
            partition: self.partition,
            sequence: self.sequence,
            aggregate: "account".into(),
            subject: account.to_owned(),
            version: self.sequence,
            event_type: "account.credited.v1".into(),
            time: Timestamp::UNIX_EPOCH,
            actor: Actor::System,
            correlation: command,
            causation: command,
            trace: None,
            payload: Bytes::copy_from_slice(amount.as_bytes()),
        }
    }
}

impl World {
    pub async fn new(shelf: Arc<dyn Shelf>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(Options::new(dir.path().join("log"))).unwrap();
        let topic = Topic::events(SERVICE);
        let spec = TopicSpec {
            topic,
            partitions: PARTITIONS,
        };
        log.ensure(&[spec]).await.unwrap();
        let mut writers = Vec::new();
        for partition in 0..PARTITIONS {
            writers.push(Ledger {
                writer: log
                    .take_over(&PartitionId::new(SERVICE, partition))
                    .await
                    .unwrap(),
                partition,
                sequence: 0,
                receipts: 0,
            });
        }
        let log: Arc<dyn Log> = Arc::new(log);
        let follow = Follow {
            log: log.clone(),
            clock: Arc::new(MachineClock::real()),
            consumers: Consumers::default(),
        };
        Self {
            _dir: dir,
            shelf,
            log,
            follow,
            writers,
        }
    }

    pub fn ledger(&mut self, partition: usize) -> &mut Ledger {
        &mut self.writers[partition]
    }

    /// Hands the writers out, for traffic beside the test.
    pub fn ledgers(&mut self) -> Vec<Ledger> {
        std::mem::take(&mut self.writers)
    }

    pub async fn model(&self) -> Arc<dyn StoredModel> {
        self.shelf.open(Arc::default()).await
    }

    pub fn start(&self, model: &Arc<dyn StoredModel>) -> (ReadPosition, tokio::task::JoinSet<()>) {
        let (position, runners) = self.follow.projection(model.clone(), SERVICE, PARTITIONS);
        let mut running = tokio::task::JoinSet::new();
        for runner in runners {
            running.spawn(runner.run());
        }
        (position, running)
    }

    pub async fn balance(&self, account: &str) -> Option<(i64, i64)> {
        self.shelf.balance(account).await
    }
}

pub fn sources() -> Vec<PartitionId> {
    (0..PARTITIONS).map(source).collect()
}

pub fn source(index: u32) -> PartitionId {
    PartitionId::new(SERVICE, index)
}
