//! Read models in MongoDB: documents shaped for the screens that read them.
//!
//! Nothing here needs a transaction over several documents. Each event changes one document, and what it does there is
//! a pure fold. A document remembers the last event that it has of each kind of subject and partition, and the revision
//! that it is at: a repeated event is passed over, and a write is guarded by the revision, so that a crash between any
//! two writes, a second runner or a slow old one changes nothing. The position follows the documents and never goes back.
//!
//! Documents, positions and parked events of a projection belong to a *generation*. One document points to the
//! generation in use: a rebuild fills the next one beside it and moves that pointer, which is one write.

mod bulk;
mod compare;
mod connection;
mod document;
mod error;
mod fold;
mod index;
mod look;
mod model;
mod parked;
mod projection;
mod readers;
mod rebuild;
mod state;
mod steps;
mod sums;
mod take_up;

pub use connection::{Limits, Mongo};
pub use error::MongoError;
pub use index::{Index, Order};
pub use model::MongoReadModel;
pub use mongodb::{Collection, bson};
pub use projection::{FoldError, MongoProjection, Part};
pub use readers::MongoReaders;
pub use steps::{Step, Steps};
