//! What is remembered from events.

mod open_trips;

pub use open_trips::OpenTrips;
