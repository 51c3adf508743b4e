//! The read model of balances in a SQLite file.

use crate::suite::{Shelf, amount};
use async_trait::async_trait;
use interstate_eventing::Event;
use interstate_stores::{Projection, ProjectionError, Sqlite, SqliteReadModel, StoredModel};
use rusqlite::{Connection, OptionalExtension};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

pub struct Files {
    dir: tempfile::TempDir,
}

struct Balances {
    mended: Arc<AtomicBool>,
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
        let amount = amount(event, &self.mended).map_err(ProjectionError::event)?;
        tx.prepare_cached(
            "INSERT INTO balances (account, amount, credits) VALUES (?1, ?2, 1)
             ON CONFLICT DO UPDATE SET amount = amount + ?2, credits = credits + 1",
        )?
        .execute((&event.subject, amount))?;
        Ok(())
    }
}

impl Files {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }

    fn connect(&self) -> Connection {
        let db = Connection::open(self.path()).unwrap();
        db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        db
    }
}

#[async_trait]
impl Shelf for Files {
    async fn open(&self, mended: Arc<AtomicBool>) -> Arc<dyn StoredModel> {
        let db = Sqlite::open(self.path()).await.unwrap();
        Arc::new(SqliteReadModel::open(&db, Balances { mended }).await.unwrap())
    }

    async fn balance(&self, account: &str) -> Option<(i64, i64)> {
        let select = "SELECT amount, credits FROM balances WHERE account = ?";
        let row = self
            .connect()
            .query_row(select, [account], |row| <(i64, i64)>::try_from(row));
        row.optional().unwrap()
    }

    async fn spoil(&self, account: &str, amount: i64) {
        let update = "UPDATE balances SET amount = ? WHERE account = ?";
        self.connect().execute(update, (amount, account)).unwrap();
    }

    async fn left_over(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path()).unwrap();
        let names = names.filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        names.filter(|name| name.contains("rebuild")).collect()
    }

    fn is_shared(&self) -> bool {
        false
    }
}
