//! Read models in real SQLite files, on the embedded log.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;
mod following;
mod parking;
mod rebuilding;
