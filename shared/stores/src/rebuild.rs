//! Makes a read model again from the log beside the live one, compares the two, and switches.
//!
//! The live one goes on. The comparison looks at one state of the live file (a read transaction) and brings
//! the new one to exactly its positions; only the switch holds the live writer up, while rows are copied.

use crate::{
    Checksum, Projection, ProjectionError, Sqlite, SqliteError, SqliteReadModel,
    connection::{self, Durability},
    position::position_of,
    schema::quoted,
    take_up::Events,
    writer::Hold,
};
use futures::future::{join, try_join_all};
use interstate_eventing::{BatchError, Batches, Event, projection::Position};
use interstate_log::{Log, LogError, PartitionId, Topic};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Events taken up together: more than a runner's, for nobody waits for these rows, and few enough that what is read
/// for the next ones finds its memory still warm.
const CHUNK: usize = 4_000;

/// Why a read model was not rebuilt. The live one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The file beside the live one.
    #[error(transparent)]
    Open(#[from] SqliteError),
    /// A statement failed.
    #[error("rebuilding the read model: {0}")]
    Sql(#[from] rusqlite::Error),
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
        fresh: SqliteReadModel::open_with(&db, live.projection.clone(), &[]).await?,
        filling: db.writer().hold(),
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
    /// The second file's writer.
    filling: Hold,
    sources: Vec<PartitionId>,
}

impl<P: Projection> Beside<'_, P> {
    async fn compare(&self) -> Result<Comparison, RebuildError> {
        let look = connection::reader(self.live.db().path())?;
        // Most of the way without a read transaction: a long one keeps the write-ahead file from shrinking.
        let ahead = positions::<P>(&look, &self.sources)?;
        self.catch_up(&ahead).await?;
        look.execute_batch("BEGIN")?;
        let same = positions::<P>(&look, &self.sources)?;
        self.catch_up(&same).await?;
        let live = tokio::task::spawn_blocking(move || Checksum::of::<P>(&look));
        let fresh = self.filling.run(|fresh| Checksum::of::<P>(fresh));
        let (live, fresh) = join(live, fresh).await;
        let (live, fresh) = (live.map_err(std::io::Error::other)??, fresh?);
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
        let live = self.live.db().writer().hold();
        let beside = self.fresh.db().path().to_string_lossy().into_owned();
        let sources = self.sources.clone();
        let positions = live.run(move |live| {
            // A call that was dropped here may have left it attached.
            let _ = live.execute_batch("DETACH DATABASE beside");
            live.execute("ATTACH DATABASE ? AS beside", [beside])?;
            live.execute_batch("BEGIN")?;
            // Takes the lock of the live file alone, also from other processes: its positions stand still now,
            // while the second file still takes up what is missing.
            live.execute(
                "UPDATE main.projections SET version = version WHERE name = ?",
                [P::NAME],
            )?;
            positions::<P>(live, &sources)
        });
        self.catch_up(&positions.await?).await?;
        live.run(|live| replace::<P>(live)).await?;
        self.live.waiting.forget();
        Ok(live
            .run(|live| live.execute_batch("DETACH DATABASE beside"))
            .await?)
    }

    /// Brings the new one to exactly these positions, in one transaction: pages in which rows go to and fro are
    /// written once. The partitions go side by side: one is read and decoded while another is written.
    async fn catch_up(&self, to: &Positions) -> Result<(), RebuildError> {
        self.filling.run(|fresh| fresh.execute_batch("BEGIN")).await?;
        try_join_all(to.iter().map(|(source, to)| self.fill(source, *to))).await?;
        Ok(self.filling.run(|fresh| fresh.execute_batch("COMMIT")).await?)
    }

    async fn fill(&self, source: &PartitionId, to: Position) -> Result<(), RebuildError> {
        let own = source.clone();
        let from = self
            .filling
            .run(move |fresh| position_of(fresh, P::NAME, &own))
            .await?;
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
                    self.take_up(source, std::mem::take(&mut events), behind).await?;
                }
                if arrived {
                    return Ok(());
                }
            }
        }
    }

    async fn take_up(
        &self,
        source: &PartitionId,
        events: Vec<Event>,
        to: Position,
    ) -> Result<(), rusqlite::Error> {
        let events = self.fresh.events(source, events, to);
        self.filling.run(move |fresh| chunk(fresh, events)).await
    }
}

/// As runners do, within the one transaction.
fn chunk<P: Projection>(fresh: &Connection, mut events: Events<P>) -> rusqlite::Result<()> {
    fresh.execute_batch("SAVEPOINT chunk")?;
    match events.whole(fresh) {
        Ok(()) => {}
        Err(ProjectionError::Store(error)) => return Err(error),
        Err(ProjectionError::Event(_)) => {
            fresh.execute_batch("ROLLBACK TO chunk")?;
            events.each(fresh)?;
        }
    }
    // Nobody is told: who watches looks at the live one.
    events.ended(true);
    fresh.execute_batch("RELEASE chunk")
}

fn replace<P: Projection>(live: &Connection) -> rusqlite::Result<()> {
    for table in P::TABLES {
        let table = quoted(table);
        live.execute_batch(&format!(
            "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM beside.{table}"
        ))?;
    }
    for table in ["positions", "parked"] {
        let delete = format!("DELETE FROM main.{table} WHERE projection = ?");
        live.execute(&delete, [P::NAME])?;
        live.execute_batch(&format!("INSERT INTO main.{table} SELECT * FROM beside.{table}"))?;
    }
    live.execute_batch("COMMIT")
}

/// As this connection sees them.
fn positions<P: Projection>(reader: &Connection, sources: &[PartitionId]) -> rusqlite::Result<Positions> {
    let of = |source: &PartitionId| Ok((source.clone(), position_of(reader, P::NAME, source)?));
    sources.iter().map(of).collect()
}
