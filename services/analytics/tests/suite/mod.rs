//! What every store of facts must answer: a small history of events written by hand, and the figures that follow
//! from it, computed by hand.
#![allow(dead_code, reason = "of which each test uses a part")]

pub mod checks;
pub mod story;
