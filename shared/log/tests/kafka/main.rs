//! The log on real brokers.

mod away;
mod broker;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod crash;
mod suite;
