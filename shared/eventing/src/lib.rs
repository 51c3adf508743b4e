//! Event sourcing on an append-only log: aggregates decide, tasks carry their decisions out exactly once,
//! sagas coordinate, projections remember, reactors react.
//!
//! Start with [`Aggregate`]; [`task`] is the loop that everything else stands on.

pub mod aggregate;
pub mod backup;
pub mod batch;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod envelope;
pub mod event;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod key_use;
mod latest;
pub mod message;
pub mod plant;
pub mod projection;
pub mod receipt;
pub mod resend;
pub mod runtime;
pub mod saga;
pub mod sealed;
pub mod service;
pub mod snapshot;
pub mod store;
pub mod task;

pub use aggregate::{Aggregate, Context, Deadline, Decision, Draft, Rejection, RejectionKind};
pub use batch::{Batch, BatchError, Batches};
pub use envelope::Event;
pub use event::{DecodeError, DomainEvent, decode_json, encode_json};
pub use key_use::KeyUse;
pub use message::{Address, Message, answer_id, message_id};
pub use service::{Service, Topology};
