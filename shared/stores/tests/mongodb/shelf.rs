//! The read model of balances as documents.

use crate::suite::{Shelf, amount};
use async_trait::async_trait;
use futures::TryStreamExt;
use interstate_config::Secret;
use interstate_engines::Engine;
use interstate_eventing::Event;
use interstate_schemas::Timestamp;
use interstate_stores::{
    StoredModel,
    mongo::{
        FoldError, Index, Limits, Mongo, MongoProjection, MongoReadModel, Order, Part,
        bson::{Document, doc},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

/// Sums what each account was credited: an event that is taken up twice or not at all shows.
#[derive(Default)]
pub struct Balances {
    pub mended: Arc<AtomicBool>,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub amount: i64,
    /// What it was credited, in the order of each partition.
    pub credits: Vec<i64>,
    /// An account that was credited 86 is over since the beginning of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<i64>,
}

impl MongoProjection for Balances {
    const NAME: &'static str = "balances";
    const VERSION: u32 = 1;
    const EXPIRES: bool = true;
    type Document = Account;

    fn indices() -> Vec<Index> {
        vec![Index::new(
            "by_amount",
            &[("amount", Order::Down), ("_id", Order::Up)],
        )]
    }

    fn part(&self, event: &Event) -> Result<Option<Part>, FoldError> {
        Ok((&event.payload[..] != b"nothing").then(|| Part {
            document: event.subject.clone(),
            of: "account",
        }))
    }

    fn fold(&self, account: &mut Account, event: &Event) -> Result<(), FoldError> {
        // A failing event leaves its document half changed.
        account.amount += 1_000_000;
        let amount = amount(event, &self.mended).map_err(FoldError)?;
        account.amount += amount - 1_000_000;
        account.credits.push(amount);
        if amount == 86 {
            account.over = Some(0);
        }
        Ok(())
    }

    fn expires(account: &Account) -> Option<Timestamp> {
        account.over.map(|at| Timestamp::from_second(at).unwrap())
    }
}

pub type Model = MongoReadModel<Balances>;

/// A database that no other test has.
pub struct Server {
    pub db: Mongo,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Server {
    pub async fn database(engine: &Engine) -> Self {
        Self::with(engine, patient()).await
    }

    pub async fn with(engine: &Engine, limits: Limits) -> Self {
        Self::behind(engine.port(), "", limits).await
    }

    /// With these options in the address, as they stand after its question mark.
    pub async fn encrypted(port: u16, options: &str) -> Self {
        Self::behind(port, options, patient()).await
    }

    async fn behind(port: u16, options: &str, limits: Limits) -> Self {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let url = format!("mongodb://127.0.0.1:{port}/test{number}?{options}");
        Self {
            db: Mongo::open_with(&Secret::new(url), "ledger", limits)
                .await
                .unwrap(),
        }
    }

    pub async fn model(&self) -> Model {
        MongoReadModel::open(&self.db, Balances::default()).await.unwrap()
    }
}

/// Waits for a server that shares two cores with everything else: what is tested is not how fast it is.
fn patient() -> Limits {
    let patience = Duration::from_secs(15);
    Limits {
        selection: patience,
        connect: patience,
        operation: patience,
        ..Limits::default()
    }
}

/// Waits less than people would.
pub fn hasty() -> Limits {
    Limits {
        selection: Duration::from_millis(700),
        connect: Duration::from_millis(700),
        operation: Duration::from_millis(1_500),
        bulk: Duration::from_secs(4),
        ..Limits::default()
    }
}

/// One account.
pub async fn account(model: &Model, name: &str) -> Option<Account> {
    let readers = model.readers();
    let found = readers.ask(async |all| all.find_one(doc! { "_id": name }).await);
    found.await.unwrap()
}

/// Everything, but for how often it was written.
pub async fn all(model: &Model) -> BTreeMap<String, Document> {
    let readers = model.readers();
    let found = readers.ask(async |all| all.find(doc! {}).await?.try_collect::<Vec<Document>>().await);
    let strip = |mut document: Document| {
        document.remove("rev");
        (document.get_str("_id").unwrap().to_owned(), document)
    };
    found.await.unwrap().into_iter().map(strip).collect()
}

#[async_trait]
impl Shelf for Server {
    async fn open(&self, mended: Arc<AtomicBool>) -> Arc<dyn StoredModel> {
        Arc::new(MongoReadModel::open(&self.db, Balances { mended }).await.unwrap())
    }

    async fn balance(&self, account: &str) -> Option<(i64, i64)> {
        let found = self::account(&self.model().await, account).await?;
        Some((found.amount, found.credits.len() as i64))
    }

    async fn spoil(&self, account: &str, amount: i64) {
        let (readers, wrong) = (
            self.model().await.readers(),
            doc! { "$set": { "amount": amount } },
        );
        let spoilt = readers.ask(async |all: interstate_stores::mongo::Collection<Document>| {
            all.update_one(doc! { "_id": account }, wrong).await
        });
        assert_eq!(spoilt.await.unwrap().modified_count, 1);
    }

    /// The generation in use, and the one before it for those who still read it.
    async fn left_over(&self) -> Vec<String> {
        let names = self.db.collections().await.unwrap();
        let generations = names.into_iter().filter(|name| name.starts_with("balances_g"));
        let mut generations: Vec<String> = generations.collect();
        generations.sort();
        generations.split_off(generations.len().min(2))
    }

    fn is_shared(&self) -> bool {
        true
    }
}
