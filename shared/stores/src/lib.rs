//! Read models in stores: rows and how far they are, always together.
//!
//! A [`StoredModel`] is what the platform keeps of a read model, whatever engine has its rows: the runner's port
//! (`interstate_eventing::projection::ReadModel`), and what an operator asks. Nothing in a store is the truth:
//! [`StoredModel::rebuild`] makes it again from the log, beside the live one.
//!
//! - [`sqlite`]: one file a service, in the process. The default.
//! - [`postgres`]: a schema a read model, in a server's database.
//! - [`mongo`]: documents on a server of MongoDB's.

mod comparison;
pub mod mongo;
pub mod postgres;
mod projection_error;
mod query_error;
mod replay;
pub mod sqlite;
mod stored_json;
mod stored_model;

pub use comparison::{Comparison, RebuildError};
pub use projection_error::ProjectionError;
pub use query_error::QueryError;
pub use replay::Replay;
pub use sqlite::{Checksum, InMemory, Projection, Readers, Sqlite, SqliteError, SqliteReadModel, TableSum};
pub use stored_json::StoredJson;
pub use stored_model::{ParkedNote, StoredModel};
