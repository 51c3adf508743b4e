//! The platform on real Kafka brokers, which these tests start: in one process and in two, on one broker and on
//! three, with processes and brokers that are killed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod backup;
mod brokers;
mod instance;
mod killed;
#[path = "../ride/mod.rs"]
mod ride;
mod riders;
mod rides;
