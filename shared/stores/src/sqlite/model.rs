//! A projection's rows in a SQLite file, as the runner sees them.

use super::{
    Comparison, ParkedNote, Projection, RebuildError, Sqlite, SqliteError, StoredModel, parked,
    position::position_of,
    rebuild, schema,
    take_up::{self, Asked, Events},
    waiting::Waiting,
    writer,
};
use async_trait::async_trait;
use interstate_eventing::{
    Event,
    projection::{Applied, Parked, Position, ReadModel, Retried, StoreFailure},
};
use interstate_log::{Log, PartitionId};
use rusqlite::{Connection, TransactionBehavior};
use std::sync::Arc;
use tokio::sync::oneshot;

/// A projection in a file. Clones share both.
pub struct SqliteReadModel<P> {
    pub(crate) db: Sqlite,
    pub(crate) projection: Arc<P>,
    pub(crate) waiting: Arc<Waiting>,
}

impl<P> Clone for SqliteReadModel<P> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            projection: self.projection.clone(),
            waiting: self.waiting.clone(),
        }
    }
}

impl<P: Projection> SqliteReadModel<P> {
    /// Opens it, and makes its tables where they are missing or of another version.
    ///
    /// # Errors
    /// The file cannot be written, or a statement of the schema is wrong.
    pub async fn open(db: &Sqlite, projection: P) -> Result<Self, SqliteError> {
        Self::open_with(db, Arc::new(projection), P::INDICES).await
    }

    pub(crate) async fn open_with(
        db: &Sqlite,
        projection: Arc<P>,
        indices: &'static [&'static str],
    ) -> Result<Self, SqliteError> {
        let made = db
            .writer()
            .run(|writer| schema::ensure_projection::<P>(writer, indices));
        made.await.map_err(|source| SqliteError::new(db.path(), source))?;
        Ok(Self {
            db: db.clone(),
            projection,
            waiting: Arc::default(),
        })
    }

    /// The file that it stands in, for queries.
    pub fn db(&self) -> &Sqlite {
        &self.db
    }

    pub(crate) fn events(&self, source: &PartitionId, events: Vec<Event>, to: Position) -> Events<P> {
        Events {
            projection: self.projection.clone(),
            waiting: self.waiting.clone(),
            source: source.clone(),
            events,
            to,
            applied: Applied::default(),
        }
    }

    fn failure(&self, what: impl Into<String>, error: &rusqlite::Error) -> StoreFailure {
        self.db.note(error);
        failure::<P>(what, error)
    }

    /// Asks one of the connections that read.
    async fn ask<T: Send + 'static>(
        &self,
        what: &str,
        source: &PartitionId,
        question: impl FnOnce(&Connection, &PartitionId) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        let source = source.clone();
        let answer = self.db.readers().read(move |reader| question(reader, &source));
        answer.await.map_err(|error| self.failure(what, &error))
    }
}

#[async_trait]
impl<P: Projection> ReadModel for SqliteReadModel<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    /// By the connection that writes: behind what a runner that was dropped has left there.
    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure> {
        let (model, source) = (self.clone(), source.clone());
        let read = self.db.writer().run(move |writer| {
            model.waiting.of(writer, P::NAME, &source)?;
            position_of(writer, P::NAME, &source)
        });
        read.await
            .map_err(|error| self.failure("read its position", &error))
    }

    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure> {
        let (answer, applied) = oneshot::channel();
        let asked = Asked {
            events: self.events(source, events.to_vec(), to),
            answer,
        };
        self.db.writer().take_up(Box::new(asked));
        let applied = applied.await.unwrap_or_else(|_| Err(writer::gone()));
        applied.map_err(|error| self.failure(format!("take {} events of {source} up", events.len()), &error))
    }

    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure> {
        self.ask("list what is parked", source, |reader, source| {
            parked::of(reader, P::NAME, source)
        })
        .await
    }

    async fn parked_count(&self, source: &PartitionId) -> Result<u64, StoreFailure> {
        self.ask("count what is parked", source, |reader, source| {
            parked::count(reader, P::NAME, source)
        })
        .await
    }

    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure> {
        if let Some(known) = self.waiting.has(source, subject) {
            return Ok(known);
        }
        let subject = subject.to_owned();
        self.ask("say what is parked", source, move |reader, source| {
            parked::has(reader, P::NAME, source, &subject)
        })
        .await
    }

    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure> {
        let (model, source) = (self.clone(), source.clone());
        let retried = self.db.writer().run(move |writer| {
            let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let retried = take_up::retry(&tx, &*model.projection, &source);
            let retried = retried.and_then(|retried| tx.commit().map(|()| retried));
            model.waiting.forget();
            model.projection.committed(writer);
            retried
        });
        retried
            .await
            .map_err(|error| self.failure("take parked events up", &error))
    }
}

#[async_trait]
impl<P: Projection> StoredModel for SqliteReadModel<P> {
    async fn parked_notes(&self, most: u32) -> Result<Vec<ParkedNote>, StoreFailure> {
        let readers = self.db.readers();
        let notes = readers
            .read(move |reader| parked::notes(reader, P::NAME, most))
            .await;
        notes.map_err(|error| self.failure("tell what is parked", &error))
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

pub(crate) fn failure<P: Projection>(what: impl Into<String>, error: &rusqlite::Error) -> StoreFailure {
    StoreFailure {
        model: P::NAME.to_owned(),
        what: what.into(),
        why: error.to_string(),
    }
}
