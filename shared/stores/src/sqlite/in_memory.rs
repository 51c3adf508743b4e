//! A read model in memory, written by whoever asks: for simulations, which have one thread and their own crashes.
//! Rows, position and parked events are written by the same code as in a file.

use super::{
    Checksum, Projection, connection, error, model::failure, parked, position::position_of, schema, take_up,
    take_up::Events, waiting::Waiting, writer,
};
use async_trait::async_trait;
use interstate_eventing::{
    Event,
    projection::{Applied, Moment, Parked, Pass, Position, ReadModel, Retried, Sequencer, StoreFailure},
};
use interstate_log::PartitionId;
use rusqlite::{Connection, DropBehavior};
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// A projection's rows in a database in memory. What one process has committed, the next one finds, as on a disk.
pub struct InMemory<P> {
    rows: Arc<Mutex<Connection>>,
    projection: Arc<P>,
    waiting: Arc<Waiting>,
    moments: Arc<dyn Sequencer>,
}

impl<P: Projection> InMemory<P> {
    /// An empty one.
    ///
    /// # Errors
    /// A statement of the schema is wrong.
    pub fn new(projection: P) -> rusqlite::Result<Self> {
        let mut rows = connection::in_memory()?;
        schema::ensure(&mut rows)?;
        schema::ensure_projection::<P>(&mut rows, P::INDICES)?;
        Ok(Self {
            rows: Arc::new(Mutex::new(rows)),
            projection: Arc::new(projection),
            waiting: Arc::default(),
            moments: Arc::new(Pass),
        })
    }

    /// The same rows as another process opens them: it remembers nothing else, and `moments` decides what becomes
    /// of it between two steps.
    #[must_use]
    pub fn opened(&self, projection: P, moments: Arc<dyn Sequencer>) -> Self {
        Self {
            rows: self.rows.clone(),
            projection: Arc::new(projection),
            waiting: Arc::default(),
            moments,
        }
    }

    /// How far it is in one partition.
    ///
    /// # Errors
    /// A process is about to write it.
    pub fn stands(&self, source: &PartitionId) -> rusqlite::Result<Position> {
        position_of(&*self.at_rest()?, P::NAME, source)
    }

    /// What it holds.
    ///
    /// # Errors
    /// A process is about to write it.
    pub fn checksum(&self) -> rusqlite::Result<Checksum> {
        Checksum::of::<P>(&*self.at_rest()?)
    }

    fn at_rest(&self) -> rusqlite::Result<MutexGuard<'_, Connection>> {
        let rows = self.rows.try_lock();
        rows.map_err(|_| error::of_the_store("somebody writes it"))
    }

    /// Asks a question of the committed rows.
    ///
    /// # Errors
    /// Those of the question, and a process is about to write the rows.
    pub fn look<T, E: From<rusqlite::Error>>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        question(&*self.at_rest()?)
    }

    async fn reach(&self, moment: Moment, what: &str) -> Result<(), StoreFailure> {
        self.moments.reach(moment).await.map_err(|why| StoreFailure {
            model: P::NAME.to_owned(),
            what: what.to_owned(),
            why,
        })
    }
}

/// The connection, with a transaction that is taken back where nobody commits it: its process is gone.
struct Open<'r> {
    rows: MutexGuard<'r, Connection>,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.rows.is_autocommit() {
            let back = self.rows.execute_batch("ROLLBACK");
            debug_assert!(back.is_ok(), "memory does not fail");
        }
    }
}

#[async_trait]
impl<P: Projection> ReadModel for InMemory<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure> {
        self.reach(Moment::BeforePosition, "read its position").await?;
        let rows = self.rows.lock().await;
        let position = position_of(&rows, P::NAME, source);
        position.map_err(|error| failure::<P>("read its position", &error))
    }

    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure> {
        let what = "take events up";
        self.reach(Moment::BeforeCommit, what).await?;
        let mut batch = Events {
            projection: self.projection.clone(),
            waiting: self.waiting.clone(),
            source: source.clone(),
            events: events.to_vec(),
            to,
            applied: Applied::default(),
        };
        let open = Open {
            rows: self.rows.lock().await,
        };
        let filled =
            writer::filled(&open.rows, &mut batch).map(|mut tx| tx.set_drop_behavior(DropBehavior::Ignore));
        if let Err(error) = filled {
            batch.ended(false);
            return Err(failure::<P>(what, &error));
        }
        if let Err(gone) = self.reach(Moment::InTransaction, what).await {
            batch.ended(false);
            return Err(gone);
        }
        let committed = open.rows.execute_batch("COMMIT");
        batch.settled(&open.rows, committed.is_ok());
        committed.map_err(|error| failure::<P>(what, &error))?;
        drop(open);
        self.reach(Moment::AfterCommit, "answer").await?;
        Ok(batch.applied)
    }

    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure> {
        let found = parked::of(&*self.rows.lock().await, P::NAME, source);
        found.map_err(|error| failure::<P>("list what is parked", &error))
    }

    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure> {
        let found = parked::has(&*self.rows.lock().await, P::NAME, source, subject);
        found.map_err(|error| failure::<P>("say what is parked", &error))
    }

    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure> {
        let mut rows = self.rows.lock().await;
        let retried = rows.transaction().and_then(|tx| {
            let retried = take_up::retry(&tx, &*self.projection, source)?;
            tx.commit().map(|()| retried)
        });
        self.waiting.forget();
        retried.map_err(|error| failure::<P>("take parked events up", &error))
    }
}
