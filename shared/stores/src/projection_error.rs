//! Failures of the store, and failures of an event: the first are waited out, the second are parked.

use interstate_eventing::DecodeError;

/// Why a projection did not take an event up. `S` is what the store says when it fails.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError<S: std::error::Error + 'static = rusqlite::Error> {
    /// The event is the reason: it is parked with the later ones of its subject.
    #[error("{0}")]
    Event(String),
    /// The store is the reason: the same events come again later.
    #[error(transparent)]
    Store(S),
}

impl<S: std::error::Error> ProjectionError<S> {
    /// The event breaks what the projection relies on.
    pub fn event(why: impl Into<String>) -> Self {
        ProjectionError::Event(why.into())
    }
}

impl<S: std::error::Error> From<DecodeError> for ProjectionError<S> {
    fn from(error: DecodeError) -> Self {
        ProjectionError::Event(error.to_string())
    }
}
