//! Live data: what instances of a service should know of each other at once, and may lose.
//!
//! - [`Live`] is opened once a process, by `REDIS_URL`: in the memory of this process, or on a Redis server that all
//!   instances share.
//! - [`positions`]: where drivers are seen, who is near, and positions as they come.
//! - [`rates`]: how much one client may send, at all instances together.
//! - [`logins`]: which logins have ended while their tokens still live.
//! - [`keys`] is the table of all keys and channels on the server.
//!
//! Nothing here is anybody's only copy. While the server is away each process goes on by what it knows itself, and
//! what it has to tell the others waits in bounded memory.

pub mod keys;
mod live;
pub mod logins;
pub mod positions;
pub mod rates;
mod redis;

pub use live::{Live, Standing};
pub use redis::LiveError;
