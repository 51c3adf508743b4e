//! The platform: its services put together in a process, a demonstration of it, and the operator's tools.

pub mod asyncapi;
pub mod audit;
pub mod backup;
pub mod catalogue;
pub mod cli;
pub mod clock_file;
pub mod commands;
pub mod demo;
pub mod node;
pub mod operator;
pub mod paths;
pub mod screen;
pub mod yaml;
