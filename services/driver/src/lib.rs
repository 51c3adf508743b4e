//! The driver service: who may drive, in what, when they are free, and who is asked.
//!
//! - [`domain`] decides: drivers, vehicles, calendars of duties, searches.
//! - [`read`]: the roster of who could drive now; searches and offers. [`effects`] names candidates.
//! - [`api`] is the edge; [`ports`]: what it asks of others, [`remote`] over gRPC; [`assemble`] puts them together.

pub mod api;
pub mod domain;
pub mod effects;
pub mod ports;
pub mod read;
pub mod remote;
#[cfg(test)]
#[path = "../tests/trip/mod.rs"]
mod trip;
mod wiring;

pub use wiring::{Assembled, Parts, assemble};

use domain::{
    calendar::Calendar,
    dispatch::Dispatch,
    driver::Driver,
    vehicle::{Plate, Vehicle},
};
use interstate_eventing::{KeyUse, Service};

/// The service's name in topics, addresses and tokens.
pub const SERVICE: &str = "driver";

/// The service with its aggregates.
pub fn service() -> Service {
    Service::new(SERVICE)
        .aggregate::<Calendar>()
        .aggregate::<Dispatch>()
        .aggregate::<Driver>()
        .aggregate::<Plate>()
        .aggregate::<Vehicle>()
        .aggregate::<KeyUse>()
}
