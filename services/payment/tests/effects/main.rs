//! The worker against a provider that fails in every way, and against the sandbox.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;
mod node;
mod sandbox;
mod stories;
