//! Read models in stores. SQLite: one file a service, rows and positions in the same transaction.
//!
//! Write a [`Projection`], open a [`SqliteReadModel`] of it on the service's [`Sqlite`] file, hand that to
//! `interstate_eventing::projection::Follow`, and query through [`Sqlite::readers`]. Nothing in such a file is
//! the truth: [`rebuild()`] makes it again from the log, beside the live one.

mod checksum;
mod connection;
mod error;
mod in_memory;
mod model;
mod parked;
mod position;
mod projection;
mod readers;
mod rebuild;
mod schema;
mod stored_json;
mod take_up;
mod waiting;
mod writer;

pub use checksum::{Checksum, TableSum};
pub use connection::Sqlite;
pub use error::{ProjectionError, SqliteError};
pub use in_memory::InMemory;
pub use model::SqliteReadModel;
pub use parked::ParkedNote;
pub use projection::Projection;
pub use readers::Readers;
pub use rebuild::{Comparison, RebuildError, rebuild};
pub use stored_json::StoredJson;
