//! Instances that share a server and a log of some blocks in one partition.

use crate::{
    history::{self, SERVICE},
    server::Server,
};
use interstate_analytics::read::clickhouse::{ClickHouse, ClickHouseFacts};
use interstate_eventing::{
    Event,
    projection::{Position, ReadModel},
};
use interstate_log::{Log, PartitionId};
use interstate_stores::StoredModel;
use std::sync::Arc;

pub const EACH: u64 = 20;

type Block = (Vec<Event>, Position);

/// A server, a log of some blocks in one partition, and instances that share both.
pub struct Platform {
    pub server: Server,
    pub log: Arc<dyn Log>,
    pub blocks: Vec<Block>,
    pub source: PartitionId,
    _dir: tempfile::TempDir,
}

impl Platform {
    pub async fn start(blocks: u64) -> Self {
        let server = Server::start();
        server.database().prepare().await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let log = history::open(dir.path()).await;
        history::write(&log, 0, 0, blocks, EACH).await;
        Self {
            blocks: history::blocks(&log, 0).await,
            source: PartitionId::new(SERVICE, 0),
            server,
            log,
            _dir: dir,
        }
    }

    pub fn instance(&self) -> ClickHouseFacts {
        self.instance_on(&self.server.database())
    }

    pub fn instance_on(&self, db: &ClickHouse) -> ClickHouseFacts {
        ClickHouseFacts::new(db, SERVICE, self.log.clone())
    }

    pub async fn take(&self, by: &ClickHouseFacts, block: usize) -> Option<Position> {
        let (events, to) = &self.blocks[block];
        by.apply(&self.source, events, *to).await.unwrap().overtaken
    }

    pub async fn rebuild(
        &self,
        by: &ClickHouseFacts,
        verify: bool,
    ) -> Result<bool, interstate_stores::RebuildError> {
        let sources = std::slice::from_ref(&self.source);
        let found = by.rebuild(&*self.log, sources, verify).await?;
        println!("{found:?}");
        Ok(found.is_equal())
    }

    /// Every event of so many blocks counts once, in each table and in what views make of them.
    pub async fn is_whole(&self, blocks: u64) {
        let events = blocks * EACH;
        for (table, rows) in history::rows(events) {
            let found = self.server.number(&format!("SELECT count() FROM {table}")).await;
            assert_eq!(found, rows, "{table}");
        }
        let summed = self.server.number("SELECT sum(sequence) FROM events").await;
        assert_eq!(summed, events * (events + 1) / 2);
        let daily = self.server.number("SELECT sum(events) FROM events_daily").await;
        assert_eq!(daily, events);
        let left = self
            .server
            .number("SELECT count() FROM system.databases WHERE name LIKE '%rebuild%'")
            .await;
        assert_eq!(left, 0, "databases are left");
    }
}
