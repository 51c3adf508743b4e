//! What the service remembers: people and their logins, sealed as the events hold them.

mod people;
mod users;

pub use people::People;
pub use users::{Login, Person, ReadError, Standing, Users, login, person};
