//! A service of two partitions whose accounts are credited, and two read models of it.

use bytes::Bytes;
use interstate_eventing::{
    Event,
    projection::{At, Consumers, Follow, ReadPosition, Runner},
    receipt::{Occasion, Receipt},
    runtime::MachineClock,
};
use interstate_log::{
    Log, PartitionId, Topic, TopicSpec, Writer,
    embedded::{EmbeddedLog, Options},
};
use interstate_schemas::{Actor, CommandId, EventId, Timestamp};
use interstate_stores::{Projection, ProjectionError, Sqlite, SqliteReadModel};
use rusqlite::{Connection, OptionalExtension};
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

/// Sums what each account was credited: an event that is taken up twice or not at all shows.
#[derive(Default)]
pub struct Balances {
    /// While set, `bad` amounts are taken as 1000.
    pub mended: Arc<AtomicBool>,
}

impl Projection for Balances {
    const NAME: &'static str = "balances";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["balances"];
    const SCHEMA: &'static [&'static str] = &[
        "CREATE TABLE balances (account TEXT PRIMARY KEY NOT NULL, amount INTEGER NOT NULL,
         credits INTEGER NOT NULL) WITHOUT ROWID",
    ];

    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
        let text =
            std::str::from_utf8(&event.payload).map_err(|error| ProjectionError::event(error.to_string()))?;
        let amount = match text {
            "panic" if !self.mended.load(Ordering::SeqCst) => panic!("a projection's mistake"),
            "bad" | "panic" if self.mended.load(Ordering::SeqCst) => 1000,
            number => number
                .parse::<i64>()
                .map_err(|error| ProjectionError::event(error.to_string()))?,
        };
        tx.prepare_cached(
            "INSERT INTO balances (account, amount, credits) VALUES (?1, ?2, 1)
             ON CONFLICT DO UPDATE SET amount = amount + ?2, credits = credits + 1",
        )?
        .execute((&event.subject, amount))?;
        Ok(())
    }
}

pub struct World {
    pub dir: tempfile::TempDir,
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
    pub async fn new() -> Self {
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
            dir,
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

    pub async fn file(&self) -> Sqlite {
        Sqlite::open(self.dir.path().join("ledger.db")).await.unwrap()
    }

    pub async fn model(&self) -> SqliteReadModel<Balances> {
        self.mendable(Arc::default()).await
    }

    pub async fn mendable(&self, mended: Arc<AtomicBool>) -> SqliteReadModel<Balances> {
        SqliteReadModel::open(&self.file().await, Balances { mended })
            .await
            .unwrap()
    }

    pub fn runners(&self, model: &SqliteReadModel<Balances>) -> (ReadPosition, Vec<Runner>) {
        self.follow
            .projection(Arc::new(model.clone()), SERVICE, PARTITIONS)
    }

    pub fn start(&self, model: &SqliteReadModel<Balances>) -> (ReadPosition, tokio::task::JoinSet<()>) {
        let (position, runners) = self.runners(model);
        let mut running = tokio::task::JoinSet::new();
        for runner in runners {
            running.spawn(runner.run());
        }
        (position, running)
    }
}

pub fn source(index: u32) -> PartitionId {
    PartitionId::new(SERVICE, index)
}

pub async fn balance(db: &Sqlite, account: &str) -> Option<(i64, i64)> {
    let account = account.to_owned();
    let found = db.readers().read(move |rows| {
        rows.query_row(
            "SELECT amount, credits FROM balances WHERE account = ?",
            [account],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
    });
    let found: rusqlite::Result<_> = found.await;
    found.unwrap()
}
