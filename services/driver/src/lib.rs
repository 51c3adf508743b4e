//! Driver: who may drive, in what, when they are free, and who is asked.

pub mod domain;
