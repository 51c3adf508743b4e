//! The rules of the driver service. Pure: time and every figure come in as arguments.

pub mod candidates;
pub mod documents;
pub mod duty;
pub mod offers;
