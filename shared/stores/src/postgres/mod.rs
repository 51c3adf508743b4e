//! Read models in PostgreSQL: a schema of its own for each version of a read model, rows and position in the same
//! transaction.
//!
//! Write a [`PgProjection`], open a [`PgReadModel`] of it on a [`Postgres`] server, and query through
//! [`PgReadModel::readers`]. Any number of instances may follow the same events into one schema: whoever is first takes
//! them up, and the others learn how far it went. Two builds with different versions of a projection run side by
//! side, each on its own schema.

mod column;
mod error;
mod look;
mod migrations;
mod model;
mod parked;
mod position;
mod projection;
mod readers;
mod rebuild;
mod server;
mod take_up;

pub use column::column;
pub(crate) use error::said;
pub use error::{OpenError, PgProjectionError};
pub use model::PgReadModel;
pub use projection::PgProjection;
pub use readers::PgReaders;
pub use server::Postgres;
