//! Questions over loopback: deadlines, repeats, hedges, dead and frozen instances, names, limits, health, certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod answering;
mod asking;
mod authority;
mod certificates;
mod fixture;
mod frozen;
mod names;
