//! Facts and reports: which rows follow from an event, and what is asked of them.

pub mod city;
pub mod day;
pub mod fact;
mod facts;
pub mod report;
pub mod scope;
#[cfg(test)]
mod tests;
mod told;
pub mod withdrawal;

pub use city::{CityId, Corridor};
pub use fact::Fact;
pub use facts::{Unreadable, facts};
pub use scope::{Period, Scope, ScopeError};

/// The services whose events become facts. Analytics has none of its own.
pub const FOLLOWED: [&str; 5] = ["user", "booking", "location", "driver", "payment"];
