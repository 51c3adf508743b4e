//! Pure decisions: no async, no I/O, no clock, no randomness.

pub mod booking;
pub mod cancellation;
pub mod catalogue;
pub mod fare;
pub mod quote;
pub mod tariff;
