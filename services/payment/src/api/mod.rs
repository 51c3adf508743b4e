//! The edge: who may ask what, and how it looks over HTTP.

mod ask;
mod balance;
mod code;
mod http;
mod policy;
mod queries;
mod refunds;
mod webhooks;

pub use code::{CODES, codes};
pub use http::{Edge, router};
pub use policy::ROWS;
