//! What the command line can do.

pub mod backup;
pub mod before_start;
pub mod doctor;
pub mod generate;
pub mod health;
pub mod one;
pub mod openapi;
pub mod program;
mod settings;
pub mod split;
pub mod staff;
pub mod topics;
pub mod up;
