//! Makes a read model again from the log beside the live one, compares the two, and switches.
//!
//! The live one goes on. The comparison looks at one state of the live file (a read transaction) and brings
//! the new one to exactly its positions; only the switch holds the live writer up, while rows are copied.

use super::{
    Checksum, Comparison, Projection, ProjectionError, RebuildError, Replay, Sqlite, SqliteError,
    SqliteReadModel,
    connection::{self, Durability},
    position::position_of,
    schema::quoted,
    take_up::Events,
    writer::Hold,
};
use futures::future::{join, try_join_all};
use interstate_eventing::{Event, projection::Position};
use interstate_log::{Log, PartitionId};
use rusqlite::Connection;

impl From<SqliteError> for RebuildError {
    fn from(error: SqliteError) -> Self {
        Self::store(error)
    }
}

impl From<rusqlite::Error> for RebuildError {
    fn from(error: rusqlite::Error) -> Self {
        Self::store(error)
    }
}

/// Where a projection stands in each partition.
type Positions = Vec<(PartitionId, Position)>;

/// Fills a second file (`booking.booking-history.rebuild.db`) from the log, compares it with the live one and, unless it
/// is only to `verify`, puts its rows in the place of the live ones in one transaction.
pub(super) async fn rebuild<P: Projection>(
    log: &dyn Log,
    live: &SqliteReadModel<P>,
    sources: &[PartitionId],
    verify: bool,
) -> Result<Comparison, RebuildError> {
    let path = live.db().path().with_extension(format!("{}.rebuild.db", P::NAME));
    let removed = || connection::remove(&path).map_err(RebuildError::store);
    removed()?;
    let db = Sqlite::open_with(&path, Durability::None).await?;
    let beside = Beside {
        log,
        live,
        fresh: SqliteReadModel::open_with(&db, live.projection.clone(), &[]).await?,
        filling: db.writer().hold(),
        sources: sources.to_vec(),
    };
    let mut comparison = beside.compare().await?;
    if !verify {
        beside.switch().await?;
        comparison.switched = true;
    }
    drop(beside);
    db.close().await;
    drop(db);
    removed()?;
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
        let (live, fresh) = (live.map_err(RebuildError::store)??, fresh?);
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
        let mut replay = Replay::between(self.log, source, from, to).await?;
        while let Some((events, behind)) = replay.next().await? {
            self.take_up(source, events, behind).await?;
        }
        Ok(())
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
