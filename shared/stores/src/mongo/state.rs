//! One document of a projection: its version, the generation in use, and how far it is in each partition. Whatever is
//! decided about all of it at once is one guarded write of this document.

use super::{Mongo, MongoError, readers};
use interstate_eventing::projection::Position;
use interstate_log::PartitionId;
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    error::{ErrorKind, WriteFailure},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The collection of these documents.
const COLLECTION: &str = "projections";
/// How often a race for the document is run.
const TRIES: u32 = 20;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(rename = "_id")]
    name: String,
    version: i64,
    /// The generation in use.
    pub generation: i64,
    /// The last one that anybody began.
    pub begun: i64,
    /// The one that a rebuild fills.
    #[serde(default)]
    pub filling: Option<i64>,
    #[serde(default)]
    positions: BTreeMap<String, Stands>,
}

/// A [`Position`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Stands {
    next: i64,
    sequence: i64,
    receipt: i64,
    incarnation: i64,
}

/// A partition as a field.
fn key(source: &PartitionId) -> String {
    format!("{}:{}", source.service.replace(['.', '$'], "_"), source.index)
}

fn stands(position: Position) -> Bson {
    Bson::Document(doc! {
        "next": position.next.cast_signed(),
        "sequence": position.sequence.cast_signed(),
        "receipt": position.receipt.cast_signed(),
        "incarnation": i64::from(position.incarnation),
    })
}

impl State {
    /// The beginning, where it has seen nothing.
    pub fn position(&self, source: &PartitionId) -> Position {
        let found = self.positions.get(&key(source));
        found.map_or_else(Position::default, |at| Position {
            next: at.next.cast_unsigned(),
            sequence: at.sequence.cast_unsigned(),
            receipt: at.receipt.cast_unsigned(),
            incarnation: u32::try_from(at.incarnation).unwrap_or(u32::MAX),
        })
    }

    /// As this program writes it.
    pub fn is_of(&self, version: u32) -> bool {
        self.version == i64::from(version)
    }
}

/// The document of one projection.
#[derive(Clone)]
pub(super) struct States {
    db: Mongo,
    name: &'static str,
    version: u32,
}

impl States {
    pub fn of(db: &Mongo, name: &'static str, version: u32) -> Self {
        Self {
            db: db.clone(),
            name,
            version,
        }
    }

    fn collection(&self) -> Collection<State> {
        self.db.collection(COLLECTION)
    }

    pub async fn read(&self) -> Result<Option<State>, MongoError> {
        self.db
            .soon(self.collection().find_one(doc! { "_id": self.name }))
            .await
    }

    /// Makes it where it is missing, also while programs run: a database may have been dropped, or restored from before.
    /// One of an earlier version is made anew: a new generation, at the beginning.
    pub async fn ensure(&self) -> Result<State, MongoError> {
        for _ in 0..TRIES {
            let Some(found) = self.read().await? else {
                // Collections may be left of which nobody knows how far they are.
                let generation = 1 + generations(&self.db, self.name)
                    .await?
                    .last()
                    .copied()
                    .unwrap_or_default();
                let first = State {
                    name: self.name.to_owned(),
                    version: i64::from(self.version),
                    generation,
                    begun: generation,
                    filling: None,
                    positions: BTreeMap::new(),
                };
                if self.insert(&first).await? {
                    return Ok(first);
                }
                continue;
            };
            self.check(&found)?;
            if found.is_of(self.version) {
                return Ok(found);
            }
            tracing::info!(
                projection = self.name,
                found = found.version,
                version = self.version,
                "rebuilding a read model of another version"
            );
            let next = found.begun + 1;
            let anew = doc! {
                "$set": { "version": i64::from(self.version), "generation": next, "begun": next, "positions": {} },
                "$unset": { "filling": true },
            };
            self.change(doc! { "version": found.version, "begun": found.begun }, anew)
                .await?;
        }
        Err(self
            .db
            .failed(format!("too many programs open {} at once", self.name)))
    }

    /// Whether this program knows the version that stands there.
    pub fn check(&self, found: &State) -> Result<(), MongoError> {
        let found = u32::try_from(found.version).unwrap_or(u32::MAX);
        if found <= self.version {
            return Ok(());
        }
        Err(MongoError::Newer {
            model: self.name,
            found,
            known: self.version,
        })
    }

    /// Moves a position forward, if it stands at `from` or behind that. Not back: whoever is slow changes nothing.
    pub async fn advance(
        &self,
        generation: i64,
        source: &PartitionId,
        from: u64,
        to: Position,
    ) -> Result<bool, MongoError> {
        let at = |field: &str| format!("positions.{}{field}", key(source));
        let (sequence, receipt) = (at(".sequence"), at(".receipt"));
        let (from, last) = (from.cast_signed(), to.sequence.cast_signed());
        let mut before = vec![
            doc! { &sequence: { "$gte": from, "$lt": last } },
            doc! { &sequence: last, &receipt: { "$lt": to.receipt.cast_signed() } },
        ];
        if from == 0 {
            before.push(doc! { at(""): { "$exists": false } });
        }
        let only = doc! { "version": i64::from(self.version), "generation": generation, "$or": before };
        self.change(only, doc! { "$set": { at(""): stands(to) } }).await
    }

    /// Begins another generation, which only this caller fills: whoever filled one before is superseded.
    pub async fn begin(&self) -> Result<State, MongoError> {
        for _ in 0..TRIES {
            let found = self.ensure().await?;
            let next = found.begun + 1;
            let only = doc! { "begun": found.begun, "version": i64::from(self.version) };
            if self
                .change(only, doc! { "$set": { "begun": next, "filling": next } })
                .await?
            {
                return Ok(State {
                    begun: next,
                    filling: Some(next),
                    ..found
                });
            }
        }
        Err(self
            .db
            .failed(format!("too many rebuilds of {} begin at once", self.name)))
    }

    /// Puts a generation in the place of the one in use, if that stands nowhere further than `at` says. One write: rows,
    /// positions and what is parked change together.
    pub async fn switch(
        &self,
        live: &State,
        filled: i64,
        at: &[(PartitionId, Position)],
    ) -> Result<bool, MongoError> {
        let mut only = doc! {
            "version": i64::from(self.version),
            "generation": live.generation,
            "filling": filled,
        };
        let mut positions = Document::new();
        for (source, position) in at {
            positions.insert(key(source), stands(*position));
            let receipt = format!("positions.{}.receipt", key(source));
            let behind = doc! { "$or": [
                { &receipt: { "$exists": false } },
                { &receipt: { "$lte": position.receipt.cast_signed() } },
            ] };
            let all = only
                .entry("$and".to_owned())
                .or_insert_with(|| Bson::Array(Vec::new()));
            if let Bson::Array(all) = all {
                all.push(Bson::Document(behind));
            }
        }
        let switched = doc! {
            "$set": { "generation": filled, "positions": positions },
            "$unset": { "filling": true },
        };
        self.change(only, switched).await
    }

    /// A rebuild that only looked is over.
    pub async fn end(&self, filled: i64) -> Result<(), MongoError> {
        self.change(doc! { "filling": filled }, doc! { "$unset": { "filling": true } })
            .await?;
        Ok(())
    }

    /// Whether it was as `only` says and is as `change` says now.
    async fn change(&self, mut only: Document, change: Document) -> Result<bool, MongoError> {
        only.insert("_id", self.name);
        let changed = self.db.soon(self.collection().update_one(only, change)).await?;
        Ok(changed.matched_count == 1)
    }

    async fn insert(&self, state: &State) -> Result<bool, MongoError> {
        let inserted = async {
            match self.collection().insert_one(state).await {
                Ok(_) => Ok(true),
                Err(error) => match &*error.kind {
                    ErrorKind::Write(WriteFailure::WriteError(failed)) if failed.code == 11_000 => Ok(false),
                    _ => Err(error),
                },
            }
        };
        self.db.soon(inserted).await
    }
}

/// The generations of a projection that have a collection, in order.
pub(super) async fn generations(db: &Mongo, projection: &str) -> Result<Vec<i64>, MongoError> {
    let prefix = readers::prefix(projection);
    let names = db.collections().await?;
    let generation = |name: &String| name.strip_prefix(&prefix)?.parse::<i64>().ok();
    let mut there: Vec<i64> = names.iter().filter_map(generation).collect();
    there.sort_unstable();
    Ok(there)
}
