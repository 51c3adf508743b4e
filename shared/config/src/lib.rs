//! Settings from flags and environment variables.
//!
//! Everything is read as text and checked in one [`Check`] before a file is opened or a port is bound, so a
//! person who starts Interstate with three wrong settings hears of all three, each with where it came from,
//! what is wrong and what to do. A service checks its own settings in the same `Check`.

mod check;
mod common;
mod engines;
mod parse;
mod provider;
mod secret;

pub use check::{Check, Mistake, Mistakes, Setting};
pub use common::{Common, CommonArgs, LogFormat};
pub use engines::{Broker, Cache, Database, EventLog};
pub use parse::{http_url, is_name};
pub use provider::{Provider, ProviderArgs};
pub use secret::Secret;
