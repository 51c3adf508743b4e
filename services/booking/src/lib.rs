//! The booking service: quotes, bookings and the sagas that carry a booking to its invoice.
//!
//! - [`domain`]: prices, cancellation terms, and the two aggregates that decide.
//! - [`read`]: `booking-history`, what people see of it.
//! - [`api`]: its routes, and what it answers others. [`ports`]: what it asks of other services meanwhile, [`remote`]
//!   over gRPC.
//! - [`explain`]: a booking's whole story from the log, for people.

pub mod api;
pub mod domain;
pub mod explain;
pub mod ports;
pub mod read;
pub mod remote;

use domain::{
    booking::{Booking, Plan},
    quote::Quote,
};
use interstate_eventing::{KeyUse, Service};

/// The service's name in topics, addresses and tokens.
pub const SERVICE: &str = "booking";

/// The service with its aggregates.
pub fn service() -> Service {
    Service::new(SERVICE)
        .aggregate::<Booking>()
        .aggregate::<Quote>()
        .aggregate::<KeyUse>()
}

/// The diagrams of its sagas in Mermaid, by name, for the docs.
pub fn saga_diagrams() -> Vec<(&'static str, String)> {
    Plan::ALL
        .iter()
        .map(|plan| (plan.saga().name, plan.saga().mermaid()))
        .collect()
}
