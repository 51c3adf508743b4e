//! Makes a read model again from the log beside the live one, compares the two, and switches.
//!
//! The live one goes on. The comparison looks at one state of the live file (a read transaction) and brings
//! the new one to exactly its positions; only the switch holds the live writer up, while rows are copied.

use crate::{
    Checksum, Projection, Sqlite, SqliteError, SqliteReadModel,
    connection::{self, Durability},
    model::position_of,
    schema::quoted,
};
use futures::future::try_join_all;
use interstate_eventing::{
    BatchError, Batches,
    projection::{Position, ReadModel, StoreFailure},
};
use interstate_log::{Log, LogError, PartitionId, Topic};
use sqlx::{Connection, Executor, SqliteConnection};
use std::collections::BTreeMap;

/// Events taken up in one transaction: more than a runner's, for nobody waits for these rows.
const CHUNK: usize = 5_000;

/// Why a read model was not rebuilt. The live one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The file beside the live one.
    #[error(transparent)]
    Open(#[from] SqliteError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
    /// A statement failed.
    #[error("comparing the read models: {0}")]
    Sql(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log's content cannot be read.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The log ends before the live read model's position.
    #[error("{0} ends before the position of the live read model: this is not the log that it was made from")]
    LogTooShort(PartitionId),
    /// The old file is in the way.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

/// What both read models hold at the same position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Events that the rebuild read.
    pub events: u64,
    /// A table with its rows in the live and in the rebuilt read model, and whether their checksums agree.
    /// `parked` is what the projection has put aside.
    pub tables: BTreeMap<String, (u64, u64, bool)>,
    /// Whether the live one was replaced.
    pub switched: bool,
}

impl Comparison {
    /// Whether the two hold the same.
    pub fn is_equal(&self) -> bool {
        self.tables.values().all(|(_, _, equal)| *equal)
    }
}

/// Where a projection stands in each partition.
type Positions = Vec<(PartitionId, Position)>;

/// Fills a second file (`booking.booking-history.rebuild.db`) from the log while traffic goes on, compares it
/// with the live one at the same position and, unless it is only to `verify`, puts its rows in the place of
/// the live ones in one transaction. Dropping the future leaves the live one as it was; a second file that is
/// left over is removed by the next call.
///
/// # Errors
/// The log or a file cannot be read or written; the live one is as it was.
pub async fn rebuild<P: Projection>(
    log: &dyn Log,
    live: &SqliteReadModel<P>,
    service: &'static str,
    partitions: u32,
    verify: bool,
) -> Result<Comparison, RebuildError> {
    let path = live.db().path().with_extension(format!("{}.rebuild.db", P::NAME));
    connection::remove(&path)?;
    let db = Sqlite::open_with(&path, Durability::None).await?;
    let beside = Beside {
        log,
        live,
        fresh: SqliteReadModel::open_shared(&db, live.projection.clone()).await?,
        sources: (0..partitions)
            .map(|index| PartitionId::new(service, index))
            .collect(),
    };
    let mut comparison = beside.compare().await?;
    if !verify {
        beside.switch().await?;
        comparison.switched = true;
    }
    drop(beside);
    db.close().await;
    drop(db);
    connection::remove(&path)?;
    Ok(comparison)
}

/// The live read model and the one in the second file.
struct Beside<'r, P> {
    log: &'r dyn Log,
    live: &'r SqliteReadModel<P>,
    fresh: SqliteReadModel<P>,
    sources: Vec<PartitionId>,
}

impl<P: Projection> Beside<'_, P> {
    async fn compare(&self) -> Result<Comparison, RebuildError> {
        let mut look = self.live.db().look().await?;
        // Most of the way without a read transaction: a long one keeps the write-ahead file from shrinking.
        let ahead = self.positions(&mut look).await?;
        self.catch_up(&ahead).await?;
        let mut look = look.begin().await?;
        let same = self.positions(&mut look).await?;
        self.catch_up(&same).await?;
        let live = Checksum::of::<P>(&mut look).await?;
        let fresh = Checksum::of::<P>(&mut *self.fresh.db().writer().await).await?;
        let tables = live.tables.iter().zip(&fresh.tables);
        Ok(Comparison {
            events: same.iter().map(|(_, position)| position.sequence).sum(),
            tables: tables
                .map(|((table, live), (_, fresh))| {
                    ((*table).to_owned(), (live.rows, fresh.rows, live == fresh))
                })
                .collect(),
            switched: false,
        })
    }

    /// Queries see the old rows or the new; the runners wait, then go on where they were.
    async fn switch(&self) -> Result<(), RebuildError> {
        let mut writer = self.live.db().writer().await;
        // A call that was dropped here may have left it attached.
        let _ = writer.execute("DETACH DATABASE beside").await;
        sqlx::query("ATTACH DATABASE ? AS beside")
            .bind(self.fresh.db().path().to_string_lossy())
            .execute(&mut *writer)
            .await?;
        let replaced = self.replace(&mut writer).await;
        writer.execute("DETACH DATABASE beside").await?;
        replaced
    }

    async fn replace(&self, writer: &mut SqliteConnection) -> Result<(), RebuildError> {
        let mut tx = writer.begin().await?;
        // Takes the lock of the live file alone, also from other processes: its positions stand still now,
        // while the second file still takes up what is missing.
        sqlx::query("UPDATE main.projections SET version = version WHERE name = ?")
            .bind(P::NAME)
            .execute(&mut *tx)
            .await?;
        let positions = self.positions(&mut tx).await?;
        self.catch_up(&positions).await?;
        for table in P::TABLES {
            let table = quoted(table);
            tx.execute(format!("DELETE FROM main.{table}").as_str()).await?;
            tx.execute(format!("INSERT INTO main.{table} SELECT * FROM beside.{table}").as_str())
                .await?;
        }
        for table in ["positions", "parked"] {
            let delete = format!("DELETE FROM main.{table} WHERE projection = ?");
            sqlx::query(&delete).bind(P::NAME).execute(&mut *tx).await?;
            tx.execute(format!("INSERT INTO main.{table} SELECT * FROM beside.{table}").as_str())
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// The live one's, as this connection sees it.
    async fn positions(&self, reader: &mut SqliteConnection) -> Result<Positions, sqlx::Error> {
        let mut positions = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            positions.push((source.clone(), position_of(reader, P::NAME, source).await?));
        }
        Ok(positions)
    }

    /// Brings the new one to exactly these positions. The partitions go side by side: one is read and decoded
    /// while another is written.
    async fn catch_up(&self, to: &Positions) -> Result<(), RebuildError> {
        try_join_all(to.iter().map(|(source, to)| self.fill(source, *to))).await?;
        Ok(())
    }

    async fn fill(&self, source: &PartitionId, to: Position) -> Result<(), RebuildError> {
        // By the connection that writes: the second file has no room for a reader beside it.
        let from = position_of(&mut *self.fresh.db().writer().await, P::NAME, source).await?;
        if from.receipt >= to.receipt {
            return Ok(());
        }
        let topic = Topic::events(source.service.clone());
        let mut batches = Batches::new(source.service.clone(), source.index, from.sequence, from.receipt);
        let mut reader = self.log.read(&topic, source.index, from.next).await?;
        let mut events = Vec::new();
        loop {
            let chunk = reader.poll(CHUNK).await?;
            if chunk.records.is_empty() && chunk.next >= self.log.end(&topic, source.index).await? {
                return Err(RebuildError::LogTooShort(source.clone()));
            }
            for stored in &chunk.records {
                let Some(mut batch) = batches.push(stored)? else {
                    continue;
                };
                let behind = Position::behind(&batch);
                let arrived = behind.receipt >= to.receipt;
                events.append(&mut batch.events);
                if arrived || events.len() >= CHUNK {
                    self.fresh.apply(source, &events, behind).await?;
                    events.clear();
                }
                if arrived {
                    return Ok(());
                }
            }
        }
    }
}
