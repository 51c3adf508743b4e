//! The history of bookings on a server of MongoDB's protocol, which these tests start: it answers what the one on SQLite
//! answers, each list by an index, and forgets quotes that nobody took.
#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;
mod events;
mod explained;
mod speed;
mod stores;
