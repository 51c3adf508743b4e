//! Carries tasks out on a log: everything here is I/O, and none of it decides.

mod ask;
mod clock;
mod env;
mod follower;
mod forwarder;
mod host;
mod mend;
mod meter;
mod partition;
mod replay;
mod replies;
mod reply_out;
mod resent;
mod snapshots;
pub(crate) mod spans;
mod status;

pub use ask::{Answered, Ask, AskError, Commands};
pub use clock::{Clock, MachineClock};
pub use env::{Env, NoStores, Spawn, Stores, TokioSpawn};
pub use host::{Host, topics};
pub use meter::{CommandEnd, Meter, Unmetered};
pub use replies::Replies;
pub use status::{Activity, PartitionStatus, Statuses};
