//! The embedded log: the suite of all logs, and what only files can do to it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod damage;
mod full_disk;
mod kill;
mod suite;
mod telemetry;
