//! Who pays what when a booking ends before its trip. The policy is data; the matrix is one `match`.

mod india_2026_11;
mod policy;
mod request;
mod terms;

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod properties;

pub use policy::{CancellationPolicy, Charge, ChargeBase, CreditBand, RiderBand};
pub use request::{CancelCause, CancelInput, Progress, RiderReason};
pub use terms::{CancellationReason, CancellationTerms, cancellation_terms, late_arrival_credit};
