//! What a rebuild found.

use interstate_eventing::BatchError;
use interstate_log::{LogError, PartitionId};
use std::{collections::BTreeMap, error::Error};

/// Why a read model was not rebuilt. The live one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The store failed.
    #[error("rebuilding the read model: {0}")]
    Store(#[source] Box<dyn Error + Send + Sync>),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log's content cannot be read.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The log ends before the live read model's position.
    #[error("{0} ends before the position of the live read model: this is not the log that it was made from")]
    LogTooShort(PartitionId),
}

impl RebuildError {
    /// The store says this.
    pub fn store(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Store(error.into())
    }
}

/// What both read models hold at the same position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Events that the rebuild read.
    pub events: u64,
    /// A table with its rows in the live and in the rebuilt read model, and whether their checksums agree.
    /// `parked` is what the projection has put aside.
    pub tables: BTreeMap<String, (u64, u64, bool)>,
    /// Whether the live one was replaced.
    pub switched: bool,
}

impl Comparison {
    /// Whether the two hold the same.
    pub fn is_equal(&self) -> bool {
        self.tables.values().all(|(_, _, equal)| *equal)
    }
}
