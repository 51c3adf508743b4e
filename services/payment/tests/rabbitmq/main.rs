//! Operations that reach their workers by a real broker, at the sandbox provider and at one that fails on demand.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../effects/fake.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod fake;
#[path = "../effects/node.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod node;
#[path = "../effects/sandbox_server.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod sandbox_server;

mod away;
mod jobs;
mod process;
