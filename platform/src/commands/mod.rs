//! What the command line can do.

pub mod doctor;
pub mod generate;
pub mod openapi;
pub mod staff;
pub mod up;
