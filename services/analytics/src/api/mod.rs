//! The edge: who may ask for which report, and how it looks over HTTP.

mod code;
mod fresh;
mod http;
mod parameters;
mod policy;
mod reports;
mod view;

pub use code::{CODES, codes};
pub use http::{Edge, router};
pub use policy::ROWS;
