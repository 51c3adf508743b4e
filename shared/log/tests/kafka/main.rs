//! The log on real brokers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod broker;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod crash;
mod group;
mod harness;
mod story;
mod suite;
