//! The facts in SQLite: one file, the facts of each service a read model of its own.

mod project;
mod reports;
mod row;
mod schema;

pub use project::{BookingFacts, DriverFacts, LocationFacts, PaymentFacts, UserFacts};
pub use reports::SqliteReports;
