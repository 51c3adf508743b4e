//! A projection's rows in a SQLite file, as the runner sees them.

use crate::{Projection, ProjectionError, Sqlite, SqliteError, parked, schema};
use async_trait::async_trait;
use futures::FutureExt;
use interstate_eventing::{
    Event,
    plant::{self, Bug},
    projection::{Applied, Parked, Position, ReadModel, Retried, StoreFailure},
};
use interstate_log::PartitionId;
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteRow};
use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc};

/// A projection in a file. Clones share both.
pub struct SqliteReadModel<P> {
    pub(crate) db: Sqlite,
    pub(crate) projection: Arc<P>,
}

impl<P> Clone for SqliteReadModel<P> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            projection: self.projection.clone(),
        }
    }
}

impl<P: Projection> SqliteReadModel<P> {
    /// Opens it, and makes its tables where they are missing or of another version.
    ///
    /// # Errors
    /// The file cannot be written, or a statement of the schema is wrong.
    pub async fn open(db: &Sqlite, projection: P) -> Result<Self, SqliteError> {
        Self::open_shared(db, Arc::new(projection)).await
    }

    pub(crate) async fn open_shared(db: &Sqlite, projection: Arc<P>) -> Result<Self, SqliteError> {
        schema::ensure_projection::<P>(&mut *db.writer().await)
            .await
            .map_err(|error| db.failed(error))?;
        Ok(Self {
            db: db.clone(),
            projection,
        })
    }

    /// The file that it stands in, for queries.
    pub fn db(&self) -> &Sqlite {
        &self.db
    }

    /// All of them in one transaction, as long as none fails.
    async fn apply_whole(
        &self,
        writer: &mut SqliteConnection,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, ProjectionError> {
        let mut tx = writer.begin().await?;
        let waiting = parked::subjects(&mut tx, P::NAME, source).await?;
        let mut applied = Applied::default();
        let (behind, free): (Vec<&Event>, Vec<&Event>) =
            events.iter().partition(|event| waiting.contains(&event.subject));
        for event in behind {
            parked::insert(&mut tx, P::NAME, source, &Parked::behind(event)).await?;
            applied.parked += 1;
        }
        caught(self.projection.apply_all(&mut tx, &free)).await?;
        move_position(&mut tx, P::NAME, source, first_of(events, to), to).await?;
        tx.commit().await?;
        self.projection.committed();
        Ok(applied)
    }

    /// Each behind a savepoint of its own; what fails is parked.
    async fn apply_each(
        &self,
        writer: &mut SqliteConnection,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, sqlx::Error> {
        let mut tx = writer.begin().await?;
        let mut waiting = parked::subjects(&mut tx, P::NAME, source).await?;
        let mut applied = Applied::default();
        for event in events {
            if let Some(parked) = self.take_or_park(&mut tx, event, &waiting).await? {
                tracing::warn!(projection = P::NAME, %source, sequence = event.sequence,
                    subject = event.subject, reason = parked.reason, "an event is parked");
                parked::insert(&mut tx, P::NAME, source, &parked).await?;
                waiting.insert(event.subject.clone());
                applied.parked += 1;
            }
        }
        move_position(&mut tx, P::NAME, source, first_of(events, to), to).await?;
        tx.commit().await?;
        self.projection.committed();
        Ok(applied)
    }

    /// Takes an event up, or says why it has to be parked.
    async fn take_or_park(
        &self,
        tx: &mut SqliteConnection,
        event: &Event,
        waiting: &HashSet<String>,
    ) -> Result<Option<Parked>, sqlx::Error> {
        if waiting.contains(&event.subject) {
            return Ok(Some(Parked::behind(event)));
        }
        let mut savepoint = tx.begin().await?;
        match caught(self.projection.apply(&mut savepoint, event)).await {
            Ok(()) => {
                savepoint.commit().await?;
                Ok(None)
            }
            Err(ProjectionError::Store(error)) => Err(error),
            Err(ProjectionError::Event(reason)) => {
                savepoint.rollback().await?;
                Ok(Some(Parked::failed(event, reason)))
            }
        }
    }

    async fn retry(&self, source: &PartitionId) -> Result<Retried, sqlx::Error> {
        let mut writer = self.db.writer().await;
        let mut tx = writer.begin().await?;
        let before = parked::of(&mut tx, P::NAME, source).await?;
        let mut waiting = HashSet::new();
        let mut retried = Retried::default();
        for Parked { event, .. } in &before {
            parked::delete(&mut tx, P::NAME, source, event.sequence).await?;
            match self.take_or_park(&mut tx, event, &waiting).await? {
                None => retried.handled += 1,
                Some(parked) => {
                    parked::insert(&mut tx, P::NAME, source, &parked).await?;
                    waiting.insert(event.subject.clone());
                    retried.parked += 1;
                }
            }
        }
        tx.commit().await?;
        self.projection.committed();
        Ok(retried)
    }
}

#[async_trait]
impl<P: Projection> ReadModel for SqliteReadModel<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure> {
        let failed = |error| failure::<P>("read its position", &error);
        let mut reader = self.db.readers().acquire().await.map_err(failed)?;
        position_of(&mut reader, P::NAME, source).await.map_err(failed)
    }

    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure> {
        let what = || format!("take {} events of {source} up", events.len());
        let mut writer = self.db.writer().await;
        match self.apply_whole(&mut writer, source, events, to).await {
            Ok(applied) => Ok(applied),
            Err(ProjectionError::Store(error)) => Err(failure::<P>(what(), &error)),
            Err(ProjectionError::Event(_)) => self
                .apply_each(&mut writer, source, events, to)
                .await
                .map_err(|error| failure::<P>(what(), &error)),
        }
    }

    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure> {
        let failed = |error| failure::<P>("list what is parked", &error);
        let mut reader = self.db.readers().acquire().await.map_err(failed)?;
        parked::of(&mut reader, P::NAME, source).await.map_err(failed)
    }

    async fn parked_count(&self, source: &PartitionId) -> Result<u64, StoreFailure> {
        let failed = |error| failure::<P>("count what is parked", &error);
        let mut reader = self.db.readers().acquire().await.map_err(failed)?;
        parked::count(&mut reader, P::NAME, source).await.map_err(failed)
    }

    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure> {
        let failed = |error| failure::<P>("say what is parked", &error);
        let mut reader = self.db.readers().acquire().await.map_err(failed)?;
        parked::has(&mut reader, P::NAME, source, subject)
            .await
            .map_err(failed)
    }

    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure> {
        self.retry(source)
            .await
            .map_err(|error| failure::<P>("take parked events up", &error))
    }
}

/// A panic is the event's failure: one bad event must not end the runner.
async fn caught(apply: impl Future<Output = Result<(), ProjectionError>>) -> Result<(), ProjectionError> {
    AssertUnwindSafe(apply)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(ProjectionError::event("the projection panicked")))
}

fn failure<P: Projection>(what: impl Into<String>, error: &sqlx::Error) -> StoreFailure {
    StoreFailure {
        model: P::NAME.to_owned(),
        what: what.into(),
        why: error.to_string(),
    }
}

/// Where the position must stand before these events.
fn first_of(events: &[Event], to: Position) -> u64 {
    events.first().map_or(to.sequence, |event| event.sequence - 1)
}

pub(crate) async fn position_of(
    reader: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
) -> Result<Position, sqlx::Error> {
    let row: Option<SqliteRow> = sqlx::query(
        "SELECT next, sequence, receipt, incarnation FROM positions
         WHERE projection = ? AND service = ? AND \"partition\" = ?",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .fetch_optional(reader)
    .await?;
    let Some(row) = row else {
        return Ok(Position::default());
    };
    let number = |column: &str| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    Ok(Position {
        next: number("next")?,
        sequence: number("sequence")?,
        receipt: number("receipt")?,
        incarnation: row.try_get("incarnation")?,
    })
}

/// Moves the position, if it still stands at `from`: two runners of one projection must not both take the
/// same events up.
async fn move_position(
    tx: &mut SqliteConnection,
    projection: &str,
    source: &PartitionId,
    from: u64,
    to: Position,
) -> Result<(), sqlx::Error> {
    let moved = sqlx::query(
        "INSERT INTO positions (projection, service, \"partition\", next, sequence, receipt, incarnation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET next = ?4, sequence = ?5, receipt = ?6, incarnation = ?7
         WHERE sequence = ?8 OR ?9",
    )
    .bind(projection)
    .bind(&*source.service)
    .bind(source.index)
    .bind(to.next.cast_signed())
    .bind(to.sequence.cast_signed())
    .bind(to.receipt.cast_signed())
    .bind(to.incarnation)
    .bind(from.cast_signed())
    // Each of these writes the position in a transaction of its own, before or after the rows.
    .bind(plant::on(Bug::ProjectionSkipsAfterCrash) || plant::on(Bug::PositionOutsideTransaction))
    .execute(tx)
    .await?;
    if moved.rows_affected() == 0 {
        return Err(sqlx::Error::Protocol(
            "another process has moved the position".to_owned(),
        ));
    }
    Ok(())
}
