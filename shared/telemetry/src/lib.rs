//! What a running process tells about itself: logs, traces and metrics.
//!
//! - [`Logs`] sets `tracing` up: one line an event, that reads alone.
//! - [`TraceContext`] is the W3C trace context that travels through HTTP, commands and events.
//! - [`Breaker`] leaves a server alone that does not answer; [`Gate`] is one in front of a store.
//! - [`Metrics`] holds every figure that `/metrics` shows; hot paths keep their own handles.

mod breaker;
pub mod gate;
mod logs;
pub mod metrics;
#[cfg(feature = "otel")]
mod otel;
mod trace_context;

pub use breaker::{Breaker, BreakerState};
pub use gate::{Gate, GateFigures};
pub use logs::{Format, LogError, Logs, LogsGuard, Output};
pub use metrics::{CommandMeter, CommandOutcome, DurationMeter, Metrics, ServiceMetrics};
pub use trace_context::{TraceContext, TraceParentError};

/// Whether this process sends its spans to a collector.
pub fn exports_spans() -> bool {
    #[cfg(feature = "otel")]
    return otel::exports();
    #[cfg(not(feature = "otel"))]
    false
}

/// The place of `span` in its trace, for whoever continues it; nothing where spans are not exported. Say
/// [`continue_trace`] before: a span's parent is fixed from here on.
#[cfg_attr(not(feature = "otel"), allow(unused_variables))]
pub fn trace_of(span: &tracing::Span) -> Option<TraceContext> {
    #[cfg(feature = "otel")]
    return otel::trace_of(span);
    #[cfg(not(feature = "otel"))]
    None
}

/// Makes `span` a child of the caller's span `parent`. Does nothing where spans are not exported.
#[cfg_attr(not(feature = "otel"), allow(unused_variables))]
pub fn continue_trace(span: &tracing::Span, parent: &TraceContext) {
    #[cfg(feature = "otel")]
    otel::continue_trace(span, parent);
}
