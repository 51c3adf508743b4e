//! The analytics service: what the events of all services add up to.
//!
//! - [`domain`] makes facts of events, and says what a report holds; [`read`] keeps the facts and answers reports;
//!   [`api`] is the edge.
//!
//! It decides nothing and owns no aggregates: it only follows the events of the others.

pub mod api;
pub mod domain;
pub mod read;

use interstate_eventing::Service;

/// The service's name in addresses and figures.
pub const SERVICE: &str = "analytics";

/// The service: one that only reads.
pub fn service() -> Service {
    Service::reader(SERVICE)
}
