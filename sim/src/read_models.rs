//! The services' own read models: their projections, on SQLite in memory, carried by the product's runners. A
//! machine keeps them as it keeps its disk; each process on it opens them anew.

use crate::{
    here::{Here, StoreMoments},
    invariants::History,
};
use futures::FutureExt;
use interstate_eventing::projection::{Position, ReadModel};
use interstate_log::PartitionId;
use interstate_stores::{InMemory, Projection};
use rusqlite::Connection;
use std::{any::Any, sync::Arc};

/// A read model on a machine's disk.
pub trait Kept: Any + Send + Sync {
    /// The service whose events it follows.
    fn service(&self) -> &'static str;

    /// As a process opens it, which may die before, within and after each of its transactions.
    fn open(&self, here: &Here) -> Arc<dyn ReadModel>;

    /// What it holds and a replay of the same events does not, or the other way round.
    fn differences(&self, history: &History, partitions: u32) -> Vec<String>;
}

/// A projection of a service, on a disk.
pub struct Shelf<P> {
    service: &'static str,
    projection: fn() -> P,
    rows: InMemory<P>,
}

impl<P: Projection> Shelf<P> {
    /// An empty one. `projection` makes what each process has of it in memory.
    pub fn boxed(service: &'static str, projection: fn() -> P) -> Box<dyn Kept> {
        let rows = InMemory::new(projection()).expect("the schema of a projection is tested");
        Box::new(Self {
            service,
            projection,
            rows,
        })
    }

    /// That of this projection, if it is one.
    pub fn of(kept: &dyn Kept) -> Option<&Self> {
        (kept as &dyn Any).downcast_ref()
    }

    /// Asks a question of what is committed.
    ///
    /// # Errors
    /// Those of the question, and a process is about to write.
    pub fn look<T, E: From<rusqlite::Error>>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.rows.look(question)
    }

    /// A fresh read model with everything up to where the live one stands, each partition in one piece: however
    /// events are divided into transactions, the rows are the same.
    fn replay(&self, history: &History, partitions: u32) -> Result<InMemory<P>, String> {
        let fresh = InMemory::new((self.projection)()).map_err(|error| error.to_string())?;
        for index in 0..partitions {
            let source = PartitionId::new(self.service, index);
            let stands = self.rows.stands(&source).map_err(|error| error.to_string())?;
            let batches = history.of(self.service, index).iter();
            let seen = batches.take_while(|batch| batch.receipt.number <= stands.receipt);
            let (mut events, mut to) = (Vec::new(), Position::default());
            for batch in seen {
                events.extend(batch.events.iter().cloned());
                to = Position::behind(batch);
            }
            if to.sequence != stands.sequence {
                return Err(format!(
                    "it says that it is at {stands:?}, and {source} has {to:?} there"
                ));
            }
            let applied = fresh.apply(&source, &events, to).now_or_never();
            applied
                .ok_or("the replay waits")?
                .map_err(|error| error.to_string())?;
        }
        Ok(fresh)
    }
}

impl<P: Projection> Kept for Shelf<P> {
    fn service(&self) -> &'static str {
        self.service
    }

    fn open(&self, here: &Here) -> Arc<dyn ReadModel> {
        let moments = Arc::new(StoreMoments(here.clone()));
        Arc::new(self.rows.opened((self.projection)(), moments))
    }

    fn differences(&self, history: &History, partitions: u32) -> Vec<String> {
        let compared = self.replay(history, partitions).and_then(|fresh| {
            let (live, fresh) = (self.rows.checksum(), fresh.checksum());
            Ok((
                live.map_err(|error| error.to_string())?,
                fresh.map_err(|error| error.to_string())?,
            ))
        });
        let (live, fresh) = match compared {
            Ok(both) => both,
            Err(why) => return vec![format!("{} cannot be compared: {why}", P::NAME)],
        };
        let tables = live.tables.iter().zip(&fresh.tables);
        let mut wrong = Vec::new();
        for ((table, live), (_, fresh)) in tables {
            if live != fresh {
                let (live, fresh) = (live.rows, fresh.rows);
                wrong.push(format!(
                    "`{table}` of {} differs: it has {live} rows, its replay {fresh}",
                    P::NAME
                ));
            } else if *table == "parked" && live.rows > 0 {
                wrong.push(format!("{} has parked {} events", P::NAME, live.rows));
            }
        }
        wrong
    }
}
