//! What the payment service remembers, in SQLite. Every row is derived from events, so that all of it can be
//! thrown away and built again.

mod apply;
mod audit;
mod journal;
mod queries;
mod schema;
#[cfg(test)]
mod tests;
mod views;

pub use apply::PaymentBooks;
pub use audit::{DifferingBalance, JournalAudit, UnbalancedEntry};
pub use queries::{PaymentReads, ReadError};
pub use views::{
    AccountBalance, CashView, DriverStatement, DriverTrip, OperationStatus, OperationView, PaymentStatus,
    PaymentView, TrialBalance,
};
