//! What a running process tells about itself: logs, traces and metrics.
//!
//! - [`Logs`] sets `tracing` up: one line an event, that reads alone.
//! - [`TraceContext`] is the W3C trace context that travels through HTTP, commands and events.
//! - [`Metrics`] holds every figure that `/metrics` shows; hot paths keep their own handles.

mod logs;
pub mod metrics;
#[cfg(feature = "otel")]
mod otel;
mod trace_context;

pub use logs::{Format, LogError, Logs, LogsGuard, Output};
pub use metrics::{CommandMeter, CommandOutcome, ConsumerMeter, Metrics, ServiceMetrics};
pub use trace_context::{TraceContext, TraceParentError};

/// Makes `span` a child of the caller's span `parent`. Does nothing where spans are not exported.
#[cfg_attr(not(feature = "otel"), allow(unused_variables))]
pub fn continue_trace(span: &tracing::Span, parent: &TraceContext) {
    #[cfg(feature = "otel")]
    otel::continue_trace(span, parent);
}
