//! The published language of Interstate. Services depend on this crate and on `shared/*`, never on each
//! other.

pub mod actor;
pub mod booking;
pub mod driver;
pub mod geo;
pub mod id;
mod id_time;
pub mod message;
pub mod money;
pub mod payment;
pub mod reason;
pub mod route;
pub mod sealed;
pub mod trip;

pub use actor::*;
pub use booking::*;
pub use driver::*;
pub use geo::*;
pub use id::*;
pub use id_time::millis_of;
pub use jiff::{SignedDuration, Timestamp};
pub use message::*;
pub use money::{Currency, Money};
pub use payment::*;
pub use route::*;
pub use sealed::Sealed;
pub use trip::*;
