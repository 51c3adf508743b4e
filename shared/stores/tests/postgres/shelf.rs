//! The read model of balances in a schema of PostgreSQL.

use crate::suite::{Shelf, amount};
use async_trait::async_trait;
use interstate_eventing::Event;
use interstate_stores::{
    StoredModel,
    postgres::{PgProjection, PgProjectionError, PgReadModel, Postgres},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

pub struct Server {
    pub url: String,
}

pub struct Balances {
    pub mended: Arc<AtomicBool>,
}

#[async_trait]
impl PgProjection for Balances {
    const NAME: &'static str = "balances";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["balances"];
    const MIGRATIONS: &'static [&'static str] = &[
        "CREATE TABLE balances (account TEXT PRIMARY KEY, amount BIGINT NOT NULL CHECK (amount < 1000000),
         credits BIGINT NOT NULL)",
    ];

    async fn apply(&self, tx: &mut PgConnection, events: &[&Event]) -> Result<(), PgProjectionError> {
        let mut sums: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for event in events {
            let (sum, count) = sums.entry(&event.subject).or_default();
            *sum += amount(event, &self.mended).map_err(PgProjectionError::event)?;
            *count += 1;
        }
        let (amounts, counts): (Vec<i64>, Vec<i64>) = sums.values().copied().unzip();
        sqlx::query(
            "INSERT INTO balances AS known SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::bigint[])
             ON CONFLICT (account) DO UPDATE
             SET amount = known.amount + excluded.amount, credits = known.credits + excluded.credits",
        )
        .bind(sums.into_keys().map(str::to_owned).collect::<Vec<_>>())
        .bind(amounts)
        .bind(counts)
        .execute(tx)
        .await?;
        Ok(())
    }
}

impl Server {
    /// A database of its own.
    pub async fn database(url: &str, name: &str) -> Self {
        let mut db = PgConnection::connect(url).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        sqlx::query(AssertSqlSafe(create)).execute(&mut db).await.unwrap();
        let (place, options) = url.split_once('?').unwrap_or((url, ""));
        let (server, _) = place.rsplit_once('/').unwrap();
        Self {
            url: format!("{server}/{name}?{options}"),
        }
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

#[async_trait]
impl Shelf for Server {
    async fn open(&self, mended: Arc<AtomicBool>) -> Arc<dyn StoredModel> {
        let server = Postgres::open(&self.url, "ledger").await.unwrap();
        Arc::new(PgReadModel::open(&server, Balances { mended }).await.unwrap())
    }

    async fn balance(&self, account: &str) -> Option<(i64, i64)> {
        let select = "SELECT amount, credits FROM ledger_balances_v1.balances WHERE account = $1";
        let mut db = self.connect().await;
        let row = sqlx::query_as(select).bind(account).fetch_optional(&mut db);
        row.await.unwrap()
    }

    async fn spoil(&self, account: &str, amount: i64) {
        let update = "UPDATE ledger_balances_v1.balances SET amount = $1 WHERE account = $2";
        let update = sqlx::query(update).bind(amount).bind(account);
        update.execute(&mut self.connect().await).await.unwrap();
    }

    async fn left_over(&self) -> Vec<String> {
        let select = "SELECT schema_name::text FROM information_schema.schemata
                      WHERE schema_name LIKE '%rebuild%' OR schema_name LIKE '%old%'";
        let mut db = self.connect().await;
        sqlx::query_scalar(select).fetch_all(&mut db).await.unwrap()
    }

    fn is_shared(&self) -> bool {
        true
    }
}
