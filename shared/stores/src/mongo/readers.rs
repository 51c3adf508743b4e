//! The documents in use, for queries.

use super::{
    Mongo, MongoError, MongoProjection,
    state::{State, States},
};
use mongodb::Collection;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How long a query may look at a generation that another process has replaced. That one is kept for longer.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Which generation is in use, as far as this process knows. Clones share it.
#[derive(Clone)]
pub(super) struct InUse {
    generation: Arc<AtomicI64>,
    looked: Arc<Mutex<Instant>>,
}

impl InUse {
    pub fn new(generation: i64) -> Self {
        Self {
            generation: Arc::new(AtomicI64::new(generation)),
            looked: Arc::new(Mutex::new(Instant::now())),
        }
    }

    pub fn get(&self) -> i64 {
        self.generation.load(Ordering::Acquire)
    }

    /// As somebody has just read it.
    pub fn saw(&self, state: &State) {
        self.generation.store(state.generation, Ordering::Release);
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether it is time to look; true for one asker at a time.
    fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.elapsed() >= LOOK_AGAIN;
        if due {
            *looked = Instant::now();
        }
        due
    }
}

/// Reads a projection's documents. Clones share the connections.
#[derive(Clone)]
pub struct MongoReaders {
    db: Mongo,
    states: States,
    collection: &'static str,
    version: u32,
    in_use: InUse,
}

impl MongoReaders {
    pub(super) fn of<P: MongoProjection>(db: &Mongo, states: &States, in_use: &InUse) -> Self {
        Self {
            db: db.clone(),
            states: states.clone(),
            collection: P::NAME,
            version: P::VERSION,
            in_use: in_use.clone(),
        }
    }

    /// The documents as a `T` each, whole or in part.
    ///
    /// # Errors
    /// The server does not say which are in use.
    pub async fn documents<T: Send + Sync>(&self) -> Result<Collection<T>, MongoError> {
        if self.in_use.is_due()
            && let Some(state) = self.states.read().await?
            // One of a later version is another program's: this one shows what it knows until it ends.
            && state.is_of(self.version)
        {
            self.in_use.saw(&state);
        }
        Ok(self
            .db
            .collection(&collection(self.collection, self.in_use.get())))
    }

    /// A query of these documents, within the limit of one operation, unless the server has not answered lately.
    ///
    /// # Errors
    /// The server says no, or nothing in time, or was not asked.
    pub async fn ask<T: Send + Sync, A>(
        &self,
        query: impl AsyncFnOnce(Collection<T>) -> mongodb::error::Result<A>,
    ) -> Result<A, MongoError> {
        let asked = async {
            let documents = self.documents().await?;
            self.db.soon(query(documents)).await
        };
        self.db.ask(asked).await
    }
}

/// The collection of a generation: `booking_history_g3`.
pub(super) fn collection(projection: &str, generation: i64) -> String {
    format!("{}{generation}", prefix(projection))
}

/// How the collections of a projection begin.
pub(super) fn prefix(projection: &str) -> String {
    format!("{}_g", projection.replace(['-', '.', '$'], "_"))
}
