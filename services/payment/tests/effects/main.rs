//! The worker against a provider that fails in every way, and against the sandbox; and the edge.
#![allow(clippy::unwrap_used, reason = "tests")]

mod edge;
mod fake;
mod node;
mod sandbox;
mod sandbox_server;
mod stories;
