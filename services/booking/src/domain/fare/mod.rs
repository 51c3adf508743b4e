//! From a trip to its price, line by line. The same formulas make the quote and the invoice.

mod breakdown;
mod calendar;
mod distance;
mod error;
mod input;
mod line;
mod lines;
mod price;
mod tax;

pub mod settlement;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod vectors;

pub use breakdown::{Difference, FareBreakdown, differences};
pub use error::FareError;
pub use input::{
    Discount, Driving, FareInput, Interval, KmBasis, Recipient, StateEntry, StateTax, Wait, WaitPlace,
};
pub use line::{Explanation, FareLine, LineCode};
pub use price::price;
