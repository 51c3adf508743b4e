//! Makes a read model again in a schema beside the live one, compares the two, and switches by their names.

use super::{PgProjection, PgReadModel, position::position_of, take_up::Events};
use crate::{Comparison, RebuildError, replay::Replay};
use futures::future::try_join_all;
use interstate_eventing::projection::Position;
use interstate_log::{Log, PartitionId};
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use std::collections::BTreeMap;

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::store(error)
    }
}

type Positions = Vec<(PartitionId, Position)>;
/// Each table's rows, and the sum of their hashes, which no order changes.
type Sums = BTreeMap<String, (i64, String)>;

pub(super) async fn rebuild<P: PgProjection>(
    log: &dyn Log,
    live: &PgReadModel<P>,
    sources: &[PartitionId],
    verify: bool,
) -> Result<Comparison, RebuildError> {
    let name = format!("{}_rebuild", live.schema);
    // One rebuild at a time, whoever asks. The connection belongs to no pool: the lock ends with it, also where this is
    // dropped half-way.
    let mut alone = live.writers.acquire().await?.detach();
    let mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
        .bind(&name)
        .fetch_one(&mut alone)
        .await?;
    if !mine {
        return Err(RebuildError::store("somebody else rebuilds it"));
    }
    let dropped = format!("DROP SCHEMA IF EXISTS \"{name}\" CASCADE");
    raw_sql(AssertSqlSafe(dropped.as_str()))
        .execute(&mut alone)
        .await?;
    let fresh = PgReadModel::open_as(&live.server, &name, live.projection.clone()).await;
    let beside = Beside {
        log,
        live,
        fresh: fresh.map_err(RebuildError::store)?,
        sources,
    };
    let mut comparison = beside.compare().await?;
    if verify {
        raw_sql(AssertSqlSafe(dropped.as_str()))
            .execute(&mut alone)
            .await?;
    } else {
        beside.switch(&name).await?;
        comparison.switched = true;
    }
    // The server may hear of the end of the connection only after the next one asks.
    sqlx::query("SELECT pg_advisory_unlock_all()")
        .execute(&mut alone)
        .await?;
    alone.close().await?;
    Ok(comparison)
}

/// How often what came meanwhile is taken up before both are looked at.
const ROUNDS: usize = 3;

struct Beside<'r, P> {
    log: &'r dyn Log,
    live: &'r PgReadModel<P>,
    fresh: PgReadModel<P>,
    sources: &'r [PartitionId],
}

impl<P: PgProjection> Beside<'_, P> {
    async fn compare(&self) -> Result<Comparison, RebuildError> {
        let mut live = self.live.writers.acquire().await?;
        // Most of the way without a snapshot: a long one keeps the server from tidying up. What came meanwhile is less
        // each time.
        for _ in 0..ROUNDS {
            let ahead = self.positions(&mut live).await?;
            self.catch_up(&ahead).await?;
        }
        let mut snapshot = live.begin().await?;
        raw_sql(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
             SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        )
        .execute(&mut *snapshot)
        .await?;
        let same = self.positions(&mut snapshot).await?;
        self.catch_up(&same).await?;
        let live = sums::<P>(&mut snapshot).await?;
        let mut fresh = self.fresh.writers.begin().await?;
        raw_sql("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            .execute(&mut *fresh)
            .await?;
        let fresh = sums::<P>(&mut fresh).await?;
        let both = live.into_iter().map(|(table, live)| {
            let fresh = fresh.get(&table).cloned().unwrap_or_default();
            let rows = (live.0.unsigned_abs(), fresh.0.unsigned_abs(), live == fresh);
            (table, rows)
        });
        Ok(Comparison {
            events: same.iter().map(|(_, position)| position.sequence).sum(),
            tables: both.collect(),
            switched: false,
        })
    }

    /// Queries see the old rows or the new; the runners of all instances wait, then go on where they were.
    async fn switch(&self, name: &str) -> Result<(), RebuildError> {
        // Comparing took a while; while the table is locked little may be left to do.
        let ahead = self.positions(&mut *self.live.writers.acquire().await?).await?;
        self.catch_up(&ahead).await?;
        let mut tx = self.live.writers.begin().await?;
        let schema = &self.live.schema;
        let lock = format!(
            "SET LOCAL idle_in_transaction_session_timeout = '2min';
             LOCK TABLE \"{schema}\".positions IN ACCESS EXCLUSIVE MODE"
        );
        raw_sql(AssertSqlSafe(lock)).execute(&mut *tx).await?;
        let stands = self.positions(&mut tx).await?;
        self.catch_up(&stands).await?;
        // Its connections would hold what is renamed.
        self.fresh.writers.close().await;
        let names = format!(
            "ALTER SCHEMA \"{schema}\" RENAME TO \"{schema}_old\";
             ALTER SCHEMA \"{name}\" RENAME TO \"{schema}\";
             DROP SCHEMA \"{schema}_old\" CASCADE"
        );
        raw_sql(AssertSqlSafe(names)).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn positions(&self, db: &mut PgConnection) -> Result<Positions, RebuildError> {
        let mut positions = Vec::new();
        for source in self.sources {
            positions.push((source.clone(), position_of(&mut *db, source).await?));
        }
        Ok(positions)
    }

    async fn catch_up(&self, to: &Positions) -> Result<(), RebuildError> {
        try_join_all(to.iter().map(|(source, to)| self.fill(source, *to))).await?;
        Ok(())
    }

    async fn fill(&self, source: &PartitionId, to: Position) -> Result<(), RebuildError> {
        let from = position_of(&self.fresh.writers, source).await?;
        let mut replay = Replay::between(self.log, source, from, to).await?;
        while let Some((events, to)) = replay.next().await? {
            let events = Events {
                source,
                events: &events,
                to,
            };
            events
                .take_up(&*self.fresh.projection, &self.fresh.writers)
                .await?;
        }
        Ok(())
    }
}

async fn sums<P: PgProjection>(db: &mut PgConnection) -> Result<Sums, RebuildError> {
    let mut sums = BTreeMap::new();
    for table in P::TABLES.iter().chain(&["parked"]) {
        let text = format!(
            "SELECT count(*), coalesce(sum(('x' || left(md5(r::text), 16))::bit(64)::bigint::numeric), 0)::text
             FROM \"{table}\" r"
        );
        let sum = sqlx::query_as(AssertSqlSafe(text)).fetch_one(&mut *db).await?;
        sums.insert((*table).to_owned(), sum);
    }
    Ok(sums)
}
