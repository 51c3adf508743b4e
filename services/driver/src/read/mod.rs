//! What is remembered from events: the roster of who could drive now, in memory because every search asks it,
//! and the offers and searches, in SQLite because they are kept.

mod candidates;
mod dispatches;
mod roster;

pub use candidates::{MOST_CANDIDATES, Prospects, prospects};
pub use dispatches::{DispatchProjection, DispatchReads, OfferRow, ReadError, SearchRow};
pub use roster::{OpenSearch, Roster, Wanted};
