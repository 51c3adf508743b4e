//! What the payment service remembers. Every row is derived from events, so that all of it can be thrown away and built
//! again.
//!
//! What events do to rows stands once, in `rows`; [`sqlite`] and [`postgres`] load rows, let events change them, and
//! write them back, each in its own words. [`PaymentReads`] is what is asked of either.

mod audit;
mod cases;
mod port;
pub mod postgres;
mod rows;
mod shown;
pub mod sqlite;
#[cfg(test)]
mod tests;
mod views;

pub use audit::{DifferingBalance, JournalAudit, UnbalancedEntry};
pub use cases::OpenCase;
pub use port::{Opened, PaymentReads, ReadError};
pub use views::{
    AccountBalance, CashView, DriverStatement, DriverTrip, OperationStatus, OperationView, PaymentStatus,
    PaymentView, TrialBalance,
};
