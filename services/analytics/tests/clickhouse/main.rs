//! The facts on a real ClickHouse engine, which the tests start themselves.
#![allow(clippy::unwrap_used, reason = "tests")]

mod away;
mod history;
mod killed;
mod lane;
mod mended;
mod platform;
mod races;
mod rebuilding;
mod refused;
mod reports;
mod secured;
mod server;
mod speed;
mod standing;
#[path = "../suite/mod.rs"]
mod suite;
