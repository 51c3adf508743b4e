//! What the service remembers: people and their logins, sealed as the events hold them.
//!
//! [`People`] is what is asked. What events change is said once, in `fold`; [`sqlite`] and [`postgres`] keep the rows.

mod fold;
mod people;
pub mod postgres;
pub mod sqlite;

pub use people::{Login, Opened, People, Person, ReadError, Standing};
