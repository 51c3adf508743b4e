//! Deterministic worlds around the product's own tasks, sagas and projections.
//!
//! A [`world`] replaces ports only: the log, the clock, the disks, the provider. Everything that goes wrong in
//! it is drawn from its seed, so the same seed gives the same history. [`invariants`] say what must hold of
//! every history.

pub mod clients;
pub mod faults;
pub mod here;
pub mod invariants;
pub mod log;
pub mod machines;
pub mod play;
pub mod read_models;
pub mod rides;
pub mod rng;
pub mod sim;
pub mod trade;
pub mod unsure;
pub mod world;
