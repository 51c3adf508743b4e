//! The log port and its adapters. `port` says what Interstate asks of a log; each adapter answers in its
//! engine's own idiom; `conformance` is the suite that all of them pass.

pub mod codec;
pub mod port;
pub mod record;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;

#[cfg(any(feature = "embedded", feature = "kafka"))]
mod tail;

pub mod lane;
pub mod queue;

pub use port::*;
pub use record::*;

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
