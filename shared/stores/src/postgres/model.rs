//! A projection's rows in a schema, as the runner sees them.

use super::{
    OpenError, PgProjection, PgReaders, Postgres,
    error::said,
    parked,
    position::position_of,
    rebuild,
    take_up::{self, Events},
};
use crate::{Comparison, ParkedNote, RebuildError, StoredModel};
use async_trait::async_trait;
use interstate_eventing::{
    Event,
    projection::{Applied, Parked, Position, ReadModel, Retried, StoreFailure},
};
use interstate_log::{Log, PartitionId};
use sqlx::PgPool;
use std::{io, sync::Arc, time::Duration};

/// For one statement: longer than the server itself lets it go on.
const SOON: Duration = Duration::from_secs(15);
/// For many rows.
const AT_LENGTH: Duration = Duration::from_secs(60);
/// On top of that for each event of a batch: where one fails, each is taken up alone, in four questions or so.
const AN_EVENT: Duration = Duration::from_millis(50);
/// For all events that are parked, one after the other.
const ALL_PARKED: Duration = Duration::from_secs(3_600);

/// A projection in a schema of its own. Clones share it.
pub struct PgReadModel<P> {
    pub(super) server: Postgres,
    pub(super) schema: Arc<str>,
    pub(super) projection: Arc<P>,
    pub(super) writers: PgPool,
    readers: PgPool,
}

impl<P> Clone for PgReadModel<P> {
    fn clone(&self) -> Self {
        Self {
            server: self.server.clone(),
            schema: self.schema.clone(),
            projection: self.projection.clone(),
            writers: self.writers.clone(),
            readers: self.readers.clone(),
        }
    }
}

impl<P: PgProjection> PgReadModel<P> {
    /// Opens it, and makes its tables where they are missing.
    ///
    /// # Errors
    /// The server cannot be used, the user may not make schemas, or the schema is ahead of this build.
    pub async fn open(server: &Postgres, projection: P) -> Result<Self, OpenError> {
        let schema = server.schema(P::NAME, P::VERSION);
        let opened = Self::open_as(server, &schema, Arc::new(projection)).await?;
        server.tidy(P::NAME, P::VERSION).await?;
        Ok(opened)
    }

    pub(super) async fn open_as(
        server: &Postgres,
        schema: &str,
        projection: Arc<P>,
    ) -> Result<Self, OpenError> {
        server.migrate(schema, P::MIGRATIONS).await?;
        let (writers, readers) = server.pools(schema);
        Ok(Self {
            server: server.clone(),
            schema: schema.into(),
            projection,
            writers,
            readers,
        })
    }

    /// Asks its tables.
    pub fn readers(&self) -> PgReaders {
        PgReaders::new(self.readers.clone(), self.server.gate().clone())
    }
}

#[async_trait]
impl<P: PgProjection> ReadModel for PgReadModel<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure> {
        let position = within(SOON, position_of(&self.readers, source)).await;
        position.map_err(|error| failure::<P>("read its position", &error))
    }

    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure> {
        let batch = Events { source, events, to };
        let limit = SOON + AN_EVENT * u32::try_from(events.len()).unwrap_or(u32::MAX);
        let applied = within(limit, batch.take_up(&*self.projection, &self.writers)).await;
        let applied = applied
            .map_err(|error| failure::<P>(format!("take {} events of {source} up", events.len()), &error))?;
        let shown = applied
            .overtaken
            .map_or(to.sequence, |position| position.sequence);
        let visible = events.partition_point(|event| event.sequence <= shown);
        // Whoever is not told looks again by itself.
        let told = self.projection.visible(&self.readers, &events[..visible]);
        let _ = tokio::time::timeout(SOON, told).await;
        Ok(applied)
    }

    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure> {
        let found = within(AT_LENGTH, parked::of(&self.readers, source)).await;
        found.map_err(|error| failure::<P>("list what is parked", &error))
    }

    async fn parked_count(&self, source: &PartitionId) -> Result<u64, StoreFailure> {
        let counted = within(SOON, parked::count(&self.readers, source)).await;
        counted.map_err(|error| failure::<P>("count what is parked", &error))
    }

    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure> {
        // Whoever reads asks this, and is told at once where the server does not answer.
        let found = self
            .readers()
            .ask(parked::has(&self.readers, source, subject))
            .await;
        found.map_err(|error| StoreFailure {
            model: P::NAME.to_owned(),
            what: "say what is parked".to_owned(),
            why: error.to_string(),
        })
    }

    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure> {
        let retried = take_up::retry(&*self.projection, &self.writers, source);
        let retried = within(ALL_PARKED, retried).await;
        retried.map_err(|error| failure::<P>("take parked events up", &error))
    }
}

#[async_trait]
impl<P: PgProjection> StoredModel for PgReadModel<P> {
    async fn parked_notes(&self, most: u32) -> Result<Vec<ParkedNote>, StoreFailure> {
        let notes = within(AT_LENGTH, parked::notes(&self.readers, most)).await;
        notes.map_err(|error| failure::<P>("tell what is parked", &error))
    }

    async fn rebuild(
        &self,
        log: &dyn Log,
        sources: &[PartitionId],
        verify: bool,
    ) -> Result<Comparison, RebuildError> {
        rebuild::rebuild(log, self, sources, verify).await
    }
}

/// A server that is gone without a word answers nothing, and its own limits end nothing any more.
async fn within<T>(limit: Duration, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let in_time = tokio::time::timeout(limit, work).await;
    in_time.unwrap_or_else(|_| {
        let why = format!("no answer within {limit:?}");
        Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, why)))
    })
}

fn failure<P: PgProjection>(what: impl Into<String>, error: &sqlx::Error) -> StoreFailure {
    StoreFailure {
        model: P::NAME.to_owned(),
        what: what.into(),
        why: said(error),
    }
}
