//! The payment service: a rider's advance is held, taken or given back, a trip is settled, and every rupee is
//! in a journal entry that balances.
//!
//! - [`domain`] decides; [`effects`] asks the provider; [`read`] remembers; [`api`] is the edge;
//!   [`assemble`] puts them together.

pub mod api;
pub mod domain;
pub mod effects;
pub mod read;
mod wiring;

pub use wiring::{Assembled, AssemblyError, Parts, assemble};

use interstate_eventing::Service;

/// The service's name in topics, addresses and tokens.
pub const SERVICE: &str = "payment";

/// The service with its aggregates.
pub fn service() -> Service {
    Service::new(SERVICE).aggregate::<domain::Payment>()
}
