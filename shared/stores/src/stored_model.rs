//! A read model in a store, as the platform keeps it.

use crate::{Comparison, RebuildError};
use async_trait::async_trait;
use interstate_eventing::projection::{ReadModel, StoreFailure};
use interstate_log::{Log, PartitionId};

/// A read model that a store holds: what runners do with it, and what an operator asks of it.
#[async_trait]
pub trait StoredModel: ReadModel {
    /// What is parked, for a person who looks after it: at most so many, its own failures before what only waits
    /// behind them.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn parked_notes(&self, most: u32) -> Result<Vec<ParkedNote>, StoreFailure>;

    /// Makes it again from the log beside the live one while traffic goes on, compares both at the same position and,
    /// unless it is only to `verify`, puts the new one in the place of the live one at once. Dropping the future
    /// leaves the live one as it was; what is left over is removed by the next call. A store that has no transactions
    /// puts the new one there piece by piece: after a drop or an error some may be new, until the next call.
    ///
    /// # Errors
    /// The log or the store cannot be read or written; the live one is as it was, as far as the store can.
    async fn rebuild(
        &self,
        log: &dyn Log,
        sources: &[PartitionId],
        verify: bool,
    ) -> Result<Comparison, RebuildError>;
}

/// A parked event as an operator reads about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedNote {
    /// The partition that it stands in.
    pub source: PartitionId,
    /// Its place there.
    pub sequence: u64,
    /// Its type, with the version.
    pub event_type: String,
    /// What it is about; later events of the same subject wait behind it.
    pub subject: String,
    /// Why it is parked.
    pub reason: String,
    /// Log time of the event.
    pub since: String,
}
