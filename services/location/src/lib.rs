//! The location service: cities, states, approximate road routes between them, and where drivers are.
//!
//! - [`domain`]: the gazetteer, the road model, the rules of fixes, tracked trips. Pure.
//! - [`telemetry`]: fixes on their way into `location.fixes` and the live positions.
//! - [`read`]: the trips that are driven now.
//! - [`effects`]: what fixes tell about trips.
//! - [`api`]: the routes.
//! - [`ports`]: what it asks of booking. [`remote`]: booking in other processes.

pub mod api;
pub mod domain;
pub mod effects;
pub mod ports;
pub mod read;
pub mod remote;
mod service;
pub mod telemetry;

pub use service::{Location, LocationError, Running, StopRef, Wiring, service};
