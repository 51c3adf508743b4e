//! The facts in ClickHouse, exactly once without transactions.
//!
//! A block of events goes through four steps, and a crash between any two leaves nothing lost or doubled:
//!
//! 1. **Announce** its bounds: a row of `blocks` whose deduplication token is where the block begins, so that of two
//!    who announce there only the first is heard.
//! 2. **Look** whose bounds stand there, that nobody has passed them, and that no [`standstill`] lasts. The look holds
//!    for seconds: rows that are not sent by then wait for another one.
//! 3. **Insert** the rows of each table, with the announced bounds as the token: rows of the same block that come
//!    again are dropped, in the tables and in what materialized views make of them.
//! 4. **Settle**: the position moves behind the block.
//!
//! Whoever begins at a position behind which a block is announced reads that block from the log again and inserts it
//! with the same bounds. Facts are a function of an event, so the rows are the same.
//!
//! A table remembers the tokens of its last [`schema::WINDOW`] inserts, and one that the server was killed over too
//! well: what was under way then is looked at row by row ([`mend`]).
//!
//! Whoever replaces what is there, or inserts what no block announces, calls a [`standstill`] before.

mod address;
mod block;
mod error;
mod ledger;
mod look;
mod mend;
mod migrate;
mod model;
mod parked;
mod rebuild;
mod reports;
mod retry;
mod rows;
mod schema;
mod standstill;
mod tables;

pub use address::ClickHouse;
#[doc(hidden)]
pub use block::bare_insert;
pub use error::ClickHouseError;
pub use model::ClickHouseFacts;
pub use reports::ClickHouseReports;
