//! The services' own read models: their projections, on SQLite in memory, carried by the product's runners. A
//! machine keeps them as it keeps its disk; each process on it opens them anew.

use crate::{
    here::{Here, StoreMoments},
    invariants::History,
};
use futures::FutureExt;
use interstate_eventing::projection::{Position, ReadModel};
use interstate_log::PartitionId;
use interstate_stores::{Checksum, InMemory, Projection};
use rusqlite::Connection;
use std::{any::Any, collections::BTreeMap, sync::Arc};

/// What a replay of each projection came to, by the receipts up to which it took the partitions: machines that
/// stand at the same place are compared with one replay.
#[derive(Default)]
pub struct Replays(BTreeMap<(&'static str, Vec<u64>), Checksum>);

/// A read model on a machine's disk.
pub trait Kept: Any + Send + Sync {
    /// The service whose events it follows.
    fn service(&self) -> &'static str;

    /// As a process opens it, which may die before, within and after each of its transactions.
    fn open(&self, here: &Here) -> Arc<dyn ReadModel>;

    /// What it holds and a replay of the same events does not, or the other way round.
    fn differences(&self, history: &History, partitions: u32, replays: &mut Replays) -> Vec<String>;
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

    /// What a replay up to where the live one stands comes to.
    fn replayed(
        &self,
        history: &History,
        partitions: u32,
        replays: &mut Replays,
    ) -> Result<Checksum, String> {
        let mut stands = Vec::new();
        for index in 0..partitions {
            let position = self.rows.stands(&PartitionId::new(self.service, index));
            stands.push(position.map_err(|error| error.to_string())?);
        }
        let key = (P::NAME, stands.iter().map(|position| position.receipt).collect());
        let known = match replays.0.get(&key) {
            Some(known) => known.clone(),
            None => {
                let fresh = self.replay(history, &stands)?;
                let sum = fresh.checksum().map_err(|error| error.to_string())?;
                replays.0.entry(key).or_insert(sum).clone()
            }
        };
        Ok(known)
    }

    /// A fresh read model with everything up to there, each partition in one piece: however events are divided into
    /// transactions, the rows are the same.
    fn replay(&self, history: &History, stands: &[Position]) -> Result<InMemory<P>, String> {
        let fresh = InMemory::new((self.projection)()).map_err(|error| error.to_string())?;
        for (index, stands) in (0..).zip(stands) {
            let source = PartitionId::new(self.service, index);
            let batches = history.of(self.service, index).iter();
            let seen = batches.take_while(|batch| batch.receipt.number <= stands.receipt);
            let (mut events, mut to) = (Vec::new(), Position::default());
            for batch in seen {
                events.extend(batch.events.iter().cloned());
                to = Position::behind(batch);
            }
            let applied = fresh.apply(&source, &events, to).now_or_never();
            applied
                .ok_or("the replay waits")?
                .map_err(|error| error.to_string())?;
        }
        Ok(fresh)
    }

    /// Whether each position names a receipt and the last sequence that it closed.
    fn stands_where_it_says(&self, history: &History, partitions: u32) -> Result<(), String> {
        for index in 0..partitions {
            let source = PartitionId::new(self.service, index);
            let stands = self.rows.stands(&source).map_err(|error| error.to_string())?;
            let batches = history.of(self.service, index).iter();
            let seen = batches.take_while(|batch| batch.receipt.number <= stands.receipt);
            let to = seen.last().map(Position::behind).unwrap_or_default();
            if to.sequence != stands.sequence {
                return Err(format!(
                    "it says that it is at {stands:?}, and {source} has {to:?} there"
                ));
            }
        }
        Ok(())
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

    fn differences(&self, history: &History, partitions: u32, replays: &mut Replays) -> Vec<String> {
        let compared = self.stands_where_it_says(history, partitions).and_then(|()| {
            let live = self.rows.checksum().map_err(|error| error.to_string())?;
            Ok((live, self.replayed(history, partitions, replays)?))
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
