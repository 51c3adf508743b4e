//! Spans of the work that a request causes behind its answer: its command, and each of its events in a read model.
//!
//! They cost nothing where nobody asks for them: the level is below what logs show.

use crate::{Event, envelope::Command};
use interstate_log::{PartitionId, Stored};
use tracing::{Span, span_enabled, trace_span};

/// Where a projection takes up more than this at once it catches up: no request waits for that.
const LIVE: usize = 256;

/// A span for each traced command of a batch, from being decided until they are dropped.
pub(crate) fn of_commands(id: &PartitionId, commands: &[Stored]) -> Vec<Span> {
    if !span_enabled!(target: "spans", tracing::Level::TRACE, "command") {
        return Vec::new();
    }
    let traced = commands.iter().filter_map(|stored| {
        let meta = Command::from_record(&stored.record).ok()?.meta;
        let span = trace_span!(target: "spans", "command", partition = %id, to = %meta.to, id = %meta.id);
        continued(span, meta.trace.as_deref()?)
    });
    traced.collect()
}

/// A span for each traced event that a read model takes up, until they are dropped.
pub(crate) fn of_events(projection: &str, events: &[Event]) -> Vec<Span> {
    if events.len() > LIVE || !span_enabled!(target: "spans", tracing::Level::TRACE, "project") {
        return Vec::new();
    }
    let traced = events.iter().filter_map(|event| {
        let span = trace_span!(
            target: "spans", "project", projection, event = %event.event_type, sequence = event.sequence,
        );
        continued(span, event.trace.as_deref()?)
    });
    traced.collect()
}

fn continued(span: Span, trace: &str) -> Option<Span> {
    interstate_telemetry::continue_trace(&span, &trace.parse().ok()?);
    Some(span)
}
