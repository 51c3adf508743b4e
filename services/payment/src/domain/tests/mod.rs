//! Stories about payments: what has happened, what is asked, what happens then.

mod balances;
mod captures;
mod cash;
mod credits;
mod excess;
mod holds;
mod journal;
pub mod people;
#[cfg(feature = "planted")]
mod planted;
mod refunds;
mod settlements;
mod voids;
