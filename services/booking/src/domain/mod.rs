//! Pure decisions: no async, no I/O, no clock, no randomness.

pub mod cancellation;
pub mod fare;
pub mod tariff;
