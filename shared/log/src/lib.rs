//! The log port and its adapters. `port` says what Interstate asks of a log; each adapter answers in its
//! engine's own idiom; `conformance` is the suite that all of them pass.

pub mod port;
pub mod record;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;

pub use port::*;
pub use record::*;
