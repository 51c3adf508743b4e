//! The collection of parked events, which all projections of a database share.

use super::{
    Mongo, MongoError, Steps, bulk,
    document::Write,
    fold::Waiting,
    index::{self, Index, Order::Up},
};
use crate::ParkedNote;
use futures::TryStreamExt;
use interstate_eventing::projection::{Parked, decode_event, encode_event};
use interstate_log::PartitionId;
use mongodb::{
    Collection,
    bson::{Binary, Document, doc, rawdoc, spec::BinarySubtype},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::BTreeSet;

const COLLECTION: &str = "parked";

#[derive(Deserialize)]
struct Stored {
    service: String,
    partition: i64,
    sequence: i64,
    subject: String,
    event_type: String,
    reason: String,
    since: String,
}

/// What a [`Stored`] is read from: all but the event itself.
const NOTED: &[&str] = &[
    "service",
    "partition",
    "sequence",
    "subject",
    "event_type",
    "reason",
    "since",
];

impl Stored {
    fn source(&self) -> PartitionId {
        PartitionId::new(
            self.service.clone(),
            u32::try_from(self.partition).unwrap_or_default(),
        )
    }
}

#[derive(Deserialize)]
struct Whole {
    event: Binary,
    reason: String,
    since: String,
}

#[derive(Deserialize)]
struct Waits {
    subject: String,
    sequence: i64,
}

/// What one generation of a projection has put aside.
#[derive(Clone)]
pub(super) struct Aside<'m> {
    pub db: &'m Mongo,
    pub projection: &'static str,
    pub generation: i64,
}

/// Makes the indices.
pub(super) async fn ensure(db: &Mongo) -> Result<(), MongoError> {
    let of_source = ["projection", "generation", "service", "partition"].map(|field| (field, Up));
    let indices = [
        Index::new("in_order", &[&of_source[..], &[("sequence", Up)]].concat()),
        Index::new(
            "of_subject",
            &[&of_source[..], &[("subject", Up), ("sequence", Up)]].concat(),
        ),
        Index::new(
            "for_people",
            &[
                &of_source[..2],
                &[("behind", Up), ("since", Up), ("sequence", Up)],
            ]
            .concat(),
        ),
    ];
    index::ensure(db, COLLECTION, &indices, false).await
}

impl Aside<'_> {
    fn own(&self) -> Document {
        doc! { "projection": self.projection, "generation": self.generation }
    }

    fn of_source(&self, source: &PartitionId) -> Document {
        let mut only = self.own();
        only.extend(doc! { "service": source.service.as_ref(), "partition": i64::from(source.index) });
        only
    }

    fn id(&self, source: &PartitionId, sequence: u64) -> String {
        format!("{}/{}/{source}/{sequence}", self.projection, self.generation)
    }

    fn collection<T: Send + Sync>(&self) -> Collection<T> {
        self.db.collection(COLLECTION)
    }

    async fn find<T: DeserializeOwned + Send + Sync + Unpin>(
        &self,
        only: Document,
        sort: Document,
        most: Option<i64>,
        shown: &[&str],
    ) -> Result<Vec<T>, MongoError> {
        let collection = self.collection();
        let shown: Document = shown
            .iter()
            .map(|field| ((*field).to_owned(), 1.into()))
            .collect();
        let found = async {
            collection
                .find(only)
                .sort(sort)
                .projection(shown)
                .limit(most.unwrap_or(0))
                .await?
                .try_collect()
                .await
        };
        self.db.at_length(found).await
    }

    /// What is parked of these subjects.
    pub async fn waiting(
        &self,
        source: &PartitionId,
        subjects: BTreeSet<&str>,
    ) -> Result<Waiting, MongoError> {
        let mut waiting = Waiting::default();
        if subjects.is_empty() {
            return Ok(waiting);
        }
        let mut only = self.of_source(source);
        only.insert("subject", doc! { "$in": Vec::from_iter(subjects) });
        for Waits { subject, sequence } in self
            .find(
                only,
                doc! { "subject": 1, "sequence": 1 },
                None,
                &["subject", "sequence"],
            )
            .await?
        {
            waiting.note(&subject, sequence.cast_unsigned());
        }
        Ok(waiting)
    }

    /// Puts events aside. One that is there stays as it is.
    pub async fn insert(
        &self,
        source: &PartitionId,
        parked: &[Parked],
        steps: &dyn Steps,
    ) -> Result<(), MongoError> {
        let write = |parked: &Parked| {
            let Parked { event, reason, since } = parked;
            let id = self.id(source, event.sequence);
            Write {
                only: rawdoc! { "_id": id },
                change: rawdoc! { "$setOnInsert": {
                    "projection": self.projection,
                    "generation": self.generation,
                    "service": source.service.as_ref(),
                    "partition": i64::from(source.index),
                    "sequence": event.sequence.cast_signed(),
                    "subject": event.subject.as_str(),
                    "event_type": event.event_type.as_ref(),
                    "event": Binary { subtype: BinarySubtype::Generic, bytes: encode_event(event) },
                    "reason": reason.as_str(),
                    "behind": reason == Parked::BEHIND,
                    "since": since.to_string(),
                } },
                new: true,
            }
        };
        let writes: Vec<Write> = parked.iter().map(write).collect();
        bulk::write(self.db, COLLECTION, &writes, steps).await.map(|_| ())
    }

    /// They fail still, perhaps for another reason.
    pub async fn renew(
        &self,
        source: &PartitionId,
        parked: &[Parked],
        steps: &dyn Steps,
    ) -> Result<(), MongoError> {
        let write = |parked: &Parked| Write {
            only: rawdoc! { "_id": self.id(source, parked.event.sequence) },
            change: rawdoc! { "$set": {
                "reason": parked.reason.as_str(),
                "behind": parked.reason == Parked::BEHIND,
            } },
            new: false,
        };
        let writes: Vec<Write> = parked.iter().map(write).collect();
        bulk::write(self.db, COLLECTION, &writes, steps).await.map(|_| ())
    }

    pub async fn remove(&self, source: &PartitionId, sequences: &[u64]) -> Result<(), MongoError> {
        for some in sequences.chunks(1_000) {
            let ids: Vec<String> = some.iter().map(|sequence| self.id(source, *sequence)).collect();
            let removed = self.collection::<Document>();
            self.db
                .at_length(removed.delete_many(doc! { "_id": { "$in": ids } }))
                .await?;
        }
        Ok(())
    }

    /// In order, at most so many.
    pub async fn of(&self, source: &PartitionId, most: Option<i64>) -> Result<Vec<Parked>, MongoError> {
        let found: Vec<Whole> = self
            .find(
                self.of_source(source),
                doc! { "sequence": 1 },
                most,
                &["event", "reason", "since"],
            )
            .await?;
        let read = |whole: Whole| {
            let unreadable =
                |error: &dyn ToString| MongoError::unreadable("parked event", &error.to_string());
            Ok(Parked {
                event: decode_event(source, &whole.event.bytes).map_err(|error| unreadable(&error))?,
                reason: whole.reason,
                since: whole.since.parse().map_err(|error| unreadable(&error))?,
            })
        };
        found.into_iter().map(read).collect()
    }

    pub async fn count(&self, source: &PartitionId) -> Result<u64, MongoError> {
        let collection = self.collection::<Document>();
        self.db
            .soon(collection.count_documents(self.of_source(source)))
            .await
    }

    pub async fn has(&self, source: &PartitionId, subject: &str) -> Result<bool, MongoError> {
        let mut only = self.of_source(source);
        only.insert("subject", subject);
        let found: Option<Waits> = self.db.soon(self.collection().find_one(only)).await?;
        Ok(found.is_some())
    }

    /// For a person: failures before what only waits behind them.
    pub async fn notes(&self, most: u32) -> Result<Vec<ParkedNote>, MongoError> {
        let sort = doc! { "behind": 1, "since": 1, "sequence": 1 };
        let found: Vec<Stored> = self.find(self.own(), sort, Some(i64::from(most)), NOTED).await?;
        let note = |stored: Stored| ParkedNote {
            source: stored.source(),
            sequence: stored.sequence.cast_unsigned(),
            event_type: stored.event_type,
            subject: stored.subject,
            reason: stored.reason,
            since: stored.since,
        };
        Ok(found.into_iter().map(note).collect())
    }

    /// Which, and why, in order.
    pub async fn all(&self) -> Result<BTreeSet<(PartitionId, u64, String)>, MongoError> {
        let sort = doc! { "service": 1, "partition": 1, "sequence": 1 };
        let found: Vec<Stored> = self.find(self.own(), sort, None, NOTED).await?;
        let row = |stored: Stored| (stored.source(), stored.sequence.cast_unsigned(), stored.reason);
        Ok(found.into_iter().map(row).collect())
    }

    /// Of generations that are none of these.
    pub async fn forget_others(&self, kept: &[i64]) -> Result<(), MongoError> {
        let only = doc! { "projection": self.projection, "generation": { "$nin": kept } };
        self.db
            .at_length(self.collection::<Document>().delete_many(only))
            .await?;
        Ok(())
    }
}
