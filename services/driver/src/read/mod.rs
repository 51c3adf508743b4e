//! What is remembered from events: the roster of who could drive now, in memory because every search asks it,
//! and the offers and searches, in SQLite because they are kept.

mod candidates;
mod dispatch_reads;
mod dispatches;
mod empty;
mod offered;
mod ring;
mod roster;

pub use candidates::{MOST_CANDIDATES, Prospects, prospects};
pub use dispatch_reads::{DispatchReads, OfferRow, ReadError, SearchRow, WhyNot};
pub use dispatches::DispatchProjection;
pub use roster::{OpenSearch, Roster, Wanted};
