//! What is remembered from events: the roster of who could drive now, in memory because every search asks it,
//! and searches, offers and duties, in a store because they are kept.
//!
//! [`Dispatches`] is what is asked of the store. What events change is said once, in `fold`; [`sqlite`] and [`postgres`]
//! keep the rows.

mod candidates;
mod dispatches;
mod duties;
mod empty;
mod fold;
mod offered;
pub mod postgres;
mod ring;
mod roster;
pub mod sqlite;
mod subject;

pub use candidates::{MOST_CANDIDATES, Prospects, prospects};
pub use dispatches::{Dispatches, OfferRow, Opened, ReadError, SearchRow, WhyNot};
pub use duties::DutyRow;
pub use roster::{OpenSearch, Roster, Wanted};
