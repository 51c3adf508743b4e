//! The published language of Interstate. Services depend on this crate and on `shared/*`, never on each
//! other.

pub mod id;
pub mod money;

pub use id::*;
pub use jiff::{SignedDuration, Timestamp};
pub use money::{Currency, Money};
