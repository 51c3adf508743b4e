//! The sandbox as a merchant meets it: over HTTP, on a free port.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod fixture;

mod book;
mod faults;
mod idempotency;
mod payments;
mod restart;
mod webhooks;
