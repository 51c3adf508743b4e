//! Events onto documents. Pure: what was read goes in, what has to be written comes out.

use super::{
    MongoProjection, Part,
    document::{Stored, Write, gone_at},
    error::MongoError,
    projection::FoldError,
};
use interstate_eventing::{Event, projection::Parked};
use interstate_schemas::{SignedDuration, Timestamp};
use mongodb::bson::RawDocumentBuf;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
};

/// Events of one partition, with where each belongs.
pub(super) struct Batch {
    pub events: Vec<Event>,
    parts: Vec<Result<Option<Part>, FoldError>>,
}

/// What is parked of the subjects of a batch.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiting {
    /// The first parked event of each subject; later ones wait behind it, earlier ones do not.
    first: HashMap<String, u64>,
    /// All of them.
    there: HashSet<u64>,
}

impl Waiting {
    pub fn note(&mut self, subject: &str, sequence: u64) {
        self.there.insert(sequence);
        let first = self.first.entry(subject.to_owned()).or_insert(sequence);
        *first = (*first).min(sequence);
    }
}

/// When documents go that nobody needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry {
    pub now: Timestamp,
    pub kept: SignedDuration,
}

/// What became of a batch.
pub(super) struct Folded<D> {
    pub writes: Vec<Write>,
    pub documents: Vec<(String, D)>,
    pub parked: Vec<Parked>,
}

impl Batch {
    pub fn new<P: MongoProjection>(projection: &P, events: Vec<Event>) -> Arc<Self> {
        let parts = events.iter().map(|event| caught(|| projection.part(event)));
        Arc::new(Self {
            parts: parts.collect(),
            events,
        })
    }

    /// The documents that it changes.
    pub fn documents(&self) -> BTreeSet<&str> {
        let parts = self.parts.iter().filter_map(|part| part.as_ref().ok()?.as_ref());
        parts.map(|part| part.document.as_str()).collect()
    }

    pub fn subjects(&self) -> BTreeSet<&str> {
        self.events.iter().map(|event| event.subject.as_str()).collect()
    }

    /// Folds them onto what was found of their documents.
    pub fn fold<P: MongoProjection>(
        &self,
        projection: &P,
        found: Vec<RawDocumentBuf>,
        mut waiting: Waiting,
        expiry: Expiry,
    ) -> Result<Folded<P::Document>, MongoError> {
        let mut documents: HashMap<String, Stored<P::Document>> = HashMap::new();
        for found in found {
            let stored = Stored::read(found)?;
            documents.insert(stored.id().to_owned(), stored);
        }
        let mut parked = Vec::new();
        for (place, (event, part)) in self.events.iter().zip(&self.parts).enumerate() {
            if waiting.there.contains(&event.sequence) {
                continue;
            }
            let fate = if waiting
                .first
                .get(&event.subject)
                .is_some_and(|first| *first < event.sequence)
            {
                Err(Parked::behind(event))
            } else {
                match part {
                    Ok(None) => Ok(()),
                    Ok(Some(part)) => {
                        let stored = documents
                            .entry(part.document.clone())
                            .or_insert_with(|| Stored::new(&part.document));
                        self.take(projection, stored, part.of, place)?
                    }
                    Err(reason) => Err(Parked::failed(event, reason.to_string())),
                }
            };
            if let Err(failed) = fate {
                waiting.note(&event.subject, event.sequence);
                parked.push(failed);
            }
        }
        let mut folded = Folded {
            writes: Vec::new(),
            documents: Vec::new(),
            parked,
        };
        for (id, stored) in documents {
            let expires = P::expires(&stored.document);
            let gone = expires.map(|expires| gone_at(expires, expiry.now, expiry.kept));
            folded.writes.extend(stored.write(expires, gone)?);
            folded.documents.push((id, stored.document));
        }
        Ok(folded)
    }

    /// Takes one event into its document, unless it is there. The inner error is the event's.
    fn take<P: MongoProjection>(
        &self,
        projection: &P,
        stored: &mut Stored<P::Document>,
        of: &str,
        place: usize,
    ) -> Result<Result<(), Parked>, MongoError> {
        let event = &self.events[place];
        let of = format!("{of}:{}", event.partition);
        if stored.has(&of, event.sequence) {
            return Ok(Ok(()));
        }
        let Err(reason) = caught(|| projection.fold(&mut stored.document, event)) else {
            stored.took(of, event.sequence, place);
            return Ok(Ok(()));
        };
        // It may have left the document half changed: that one is made again from what it was and what it took.
        stored.document = stored.again()?;
        for earlier in &stored.taken {
            let again = caught(|| projection.fold(&mut stored.document, &self.events[*earlier]));
            again.map_err(|error| MongoError::unreadable(format!("document {}", stored.id()), &error))?;
        }
        Ok(Err(Parked::failed(event, reason.to_string())))
    }
}

/// A panic is the event's failure.
fn caught<T>(work: impl FnOnce() -> Result<T, FoldError>) -> Result<T, FoldError> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(FoldError("the projection panicked".to_owned())))
}
