//! Read models in SQLite: one file a service, rows and positions in the same transaction.
//!
//! Write a [`Projection`], open a [`SqliteReadModel`] of it on the service's [`Sqlite`] file, and query through
//! [`Sqlite::readers`].

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
mod take_up;
mod waiting;
mod writer;

use crate::{Comparison, ParkedNote, ProjectionError, RebuildError, StoredModel, replay::Replay};
pub use checksum::{Checksum, TableSum};
pub use connection::Sqlite;
pub use error::SqliteError;
pub use in_memory::InMemory;
pub use model::SqliteReadModel;
pub use projection::Projection;
pub use readers::Readers;
