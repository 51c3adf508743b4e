//! The location service: cities, states, approximate road routes between them, and where drivers are.

pub mod domain;
