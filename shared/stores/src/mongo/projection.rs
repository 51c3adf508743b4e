//! What a service says of a read model in documents: which document an event changes, and what becomes of it.

use super::Index;
use interstate_eventing::{DecodeError, Event};
use interstate_schemas::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

/// A read model of documents. Everything in them follows from events.
///
/// An event changes one document: that is what a server does at once. What another screen needs of the same events is
/// another projection.
pub trait MongoProjection: Send + Sync + 'static {
    /// Its name, `booking-history`. Its collections have names that begin like it.
    const NAME: &'static str;
    /// Grows when the documents, or what an event does to them, change: they are then made anew from the log at start.
    const VERSION: u32;
    /// A document without its `_id`. It has none of the fields that the store adds: `rev`, `seen`, `expires` and
    /// `gone_at`. One that only grows at the ends of its arrays is written by these ends alone.
    type Document: Serialize + DeserializeOwned + Default + Send + Sync + 'static;

    /// Whether documents end: see [`MongoProjection::expires`].
    const EXPIRES: bool = false;

    /// One for each query.
    fn indices() -> Vec<Index>;

    /// Where an event belongs; nowhere, if this projection does not remember its type.
    ///
    /// # Errors
    /// The event is not what it should be: it is parked, with the later ones of its subject.
    fn part(&self, event: &Event) -> Result<Option<Part>, FoldError>;

    /// What an event does to its document. Pure: nothing but the two counts. It may leave the document half changed when
    /// it fails.
    ///
    /// # Errors
    /// As of [`MongoProjection::part`].
    fn fold(&self, document: &mut Self::Document, event: &Event) -> Result<(), FoldError>;

    /// When nobody needs the document any more, if it ends: some time later the server removes it.
    fn expires(_document: &Self::Document) -> Option<Timestamp> {
        None
    }

    /// What events have done to a document can be seen now: the place to wake whoever waits for it.
    fn written(&self, _id: &str, _document: &Self::Document) {}
}

/// Where an event belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The document's `_id`.
    pub document: String,
    /// What its subject is to the document: `booking`, `quote`. Of one partition a document takes one subject of each
    /// kind, and remembers the last event of it under this name. Letters only.
    pub of: &'static str,
}

/// Why an event has no place in a read model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FoldError(pub String);

impl From<DecodeError> for FoldError {
    fn from(error: DecodeError) -> Self {
        Self(error.to_string())
    }
}
