//! Projections remember: they write a read model from events, its rows and its position in the log in one
//! transaction.
//!
//! A [`ReadModel`] is the port to the store. A [`Runner`] carries one partition's events into it and never
//! skips one: while the store is away it waits, an event that cannot be projected is parked with the later
//! ones of its subject, and everything else goes on. A [`ReadPosition`] lets a query wait for what its asker
//! has seen; [`Consumers`] shows how far behind everybody is.

mod changes;
mod consumers;
mod memory;
mod parked;
mod port;
mod position;
mod runner;
#[cfg(test)]
mod tests;

pub use changes::{Changes, Watch};
pub use consumers::{Consumer, ConsumerKind, ConsumerStatus, Consumers};
pub use memory::{Fold, MemoryReadModel, Moment, Pass, Rows, Sequencer};
pub use parked::{Parked, decode_event, encode_event};
pub use port::{Applied, Position, ReadModel, Retried, StoreFailure};
pub use position::{At, ReadPosition, Wait};
pub use runner::{Follow, Runner};
