//! What the service does outside of the log.

mod forgetting;

pub use forgetting::Forgetting;
