//! On a Redis server.

mod error;
mod figures;
mod link;
mod server;

pub use error::LiveError;
pub(crate) use link::{Away, Link};
pub(crate) use server::look;
