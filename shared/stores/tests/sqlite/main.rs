//! Read models in real SQLite files, on the embedded log.

mod fixture;
mod following;
mod parking;
mod rebuilding;
