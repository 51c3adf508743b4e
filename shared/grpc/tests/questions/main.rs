//! Questions over loopback: deadlines, repeats, hedges, dead instances, limits, health, certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod answering;
mod asking;
mod authority;
mod certificates;
mod fixture;
