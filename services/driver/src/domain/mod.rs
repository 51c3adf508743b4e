//! The rules of the driver service. Pure: time and every figure come in as arguments.

pub mod calendar;
pub mod candidates;
pub mod dispatch;
pub mod documents;
pub mod driver;
pub mod duty;
pub mod offers;
pub mod vehicle;
