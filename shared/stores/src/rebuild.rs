//! Rebuilds a read model beside the live one, compares the two at the same position, and switches.

use crate::{Checksum, Projection, Sqlite, SqliteError, SqliteReadModel, connection, schema::quoted};
use interstate_eventing::{
    BatchError, Batches,
    projection::{Position, ReadModel, StoreFailure},
};
use interstate_log::{Log, LogError, PartitionId, Topic};
use sqlx::{Connection, Executor, SqliteConnection};
use std::collections::BTreeMap;

/// Events taken up in one transaction.
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
    /// The old file is in the way.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

/// The rows of one table in both, and whether they are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Events that the rebuild read.
    pub events: u64,
    /// A table with its rows in the live and in the rebuilt read model, and whether their checksums agree.
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

/// Fills a second file from the log, brings it to where the live one is, compares, and replaces the live rows
/// unless only asked to `verify`. Traffic goes on; the live one waits during the comparison.
pub async fn rebuild<P: Projection>(
    log: &dyn Log,
    live: &SqliteReadModel<P>,
    service: &'static str,
    partitions: u32,
    verify: bool,
) -> Result<Comparison, RebuildError> {
    let name = P::NAME;
    let path = live.db().path().with_extension(format!("{name}.rebuild.db"));
    connection::remove(&path)?;
    let sqlite = Sqlite::open(&path).await?;
    let beside = SqliteReadModel::open_shared(&sqlite, live.projection.clone()).await?;
    let mut events = 0;
    for index in 0..partitions {
        let source = PartitionId::new(service, index);
        let to = live.position(&source).await?;
        events += fill(log, &beside, &source, to).await?;
    }
    // From here on the live one stands still.
    let mut writer = live.db().writer().await;
    for index in 0..partitions {
        let source = PartitionId::new(service, index);
        let to = live.position(&source).await?;
        events += fill(log, &beside, &source, to).await?;
    }
    let found = Checksum::of::<P>(&mut writer).await?;
    let rebuilt = Checksum::of::<P>(&mut *beside.db().writer().await).await?;
    let tables = found
        .tables
        .iter()
        .zip(&rebuilt.tables)
        .map(|((table, live), (_, rebuilt))| {
            ((*table).to_owned(), (live.rows, rebuilt.rows, live == rebuilt))
        })
        .collect();
    let mut comparison = Comparison {
        events,
        tables,
        switched: false,
    };
    beside.db().close().await;
    drop(beside);
    if !verify {
        switch::<P>(&mut writer, &path).await?;
        comparison.switched = true;
    }
    drop(writer);
    connection::remove(&path)?;
    Ok(comparison)
}

/// Takes up what lies between the model's position and `to`.
async fn fill<P: Projection>(
    log: &dyn Log,
    model: &SqliteReadModel<P>,
    source: &PartitionId,
    to: Position,
) -> Result<u64, RebuildError> {
    let from = model.position(source).await?;
    let mut batches = Batches::new(source.service.clone(), source.index, from.sequence, from.receipt);
    let mut reader = log
        .read(&Topic::events(source.service.clone()), source.index, from.next)
        .await?;
    let (mut pending, mut behind, mut count) = (Vec::new(), from, 0);
    while behind.receipt < to.receipt {
        let chunk = reader.poll(CHUNK).await?;
        if chunk.records.is_empty() {
            tokio::task::yield_now().await;
        }
        for stored in &chunk.records {
            if let Some(batch) = batches.push(stored)?
                && batch.receipt.number <= to.receipt
            {
                behind = Position::behind(&batch);
                count += batch.events.len() as u64;
                pending.extend(batch.events);
            }
        }
        if pending.len() >= CHUNK || behind.receipt >= to.receipt {
            model.apply(source, &pending, behind).await?;
            pending.clear();
        }
    }
    Ok(count)
}

/// Replaces the live rows, positions and parked events in one transaction.
async fn switch<P: Projection>(db: &mut SqliteConnection, path: &std::path::Path) -> Result<(), sqlx::Error> {
    sqlx::query("ATTACH DATABASE ? AS beside")
        .bind(path.to_string_lossy())
        .execute(&mut *db)
        .await?;
    let switched = async {
        let mut tx = db.begin().await?;
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
        tx.commit().await
    }
    .await;
    sqlx::query("DETACH DATABASE beside").execute(&mut *db).await?;
    switched
}
