//! The queue on a real broker: what every queue has to do, and what only a broker can do wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

mod away;
mod broker;
mod conforms;
mod dead;
mod refusals;
mod secured;
