//! The log on real brokers.

mod broker;
mod suite;
