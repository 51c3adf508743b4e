//! The edge over real HTTP: a small API, a real server, a real client.

#![allow(
    clippy::unwrap_used,
    reason = "clippy takes a test's helper functions for product code"
)]

mod api;
mod limits;
mod raw;
mod requests;
mod serving;
