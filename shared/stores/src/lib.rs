//! Read models in stores. Embedded: SQLite, one file a service.

mod checksum;
mod connection;
mod error;
mod model;
mod parked;
mod projection;
mod rebuild;
mod schema;

pub use checksum::{Checksum, TableSum};
pub use connection::Sqlite;
pub use error::{ProjectionError, SqliteError};
pub use model::SqliteReadModel;
pub use projection::Projection;
pub use rebuild::{Comparison, RebuildError, rebuild};
