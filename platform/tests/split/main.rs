//! Each service as a process of its own on a real Kafka broker: a whole ride through a gateway in front of them, with
//! location killed in the middle, on no more rights than are documented; and `interstate up --split`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../kafka/brokers.rs"]
mod brokers;
mod gateway;
mod process;
#[path = "../ride/mod.rs"]
mod ride;
mod rides;
mod rights;
mod up;
