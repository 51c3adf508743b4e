//! Questions between services over gRPC. Only questions: what changes something is a message in the log.
//!
//! - [`Server`] answers: deadlines, limits, health that follows readiness, reflection, figures, a stop in good order.
//! - [`Client`] asks the instances of one service: it shares questions out, repeats and hedges them within a budget,
//!   and leaves an address alone for a while that does not answer.
//! - [`Tls`] makes both sides show certificates; [`Identity`] is who a certificate says that somebody is, and a
//!   [`CallPolicy`] is the table of who may ask what.
//! - [`GrpcMetrics`] holds the figures of both sides.

mod client;
mod identity;
mod metrics;
mod policy;
mod server;
mod timeout;
mod tls;

pub use client::{Asking, Attempt, BreakerState, Client, ClientOptions, Names};
pub use identity::Identity;
pub use metrics::GrpcMetrics;
pub use policy::{CallPolicy, CallRow};
pub use server::{Caller, Questions, Server, ServerOptions};
pub use tls::{Tls, TlsError};

/// An error with everything below it: the reason why a connection failed stands at the bottom.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        below = cause.source();
    }
    text
}
