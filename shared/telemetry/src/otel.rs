//! Export of spans over OTLP/HTTP with protobuf.

use crate::TraceContext;
use opentelemetry::{
    KeyValue,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider},
};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, Registry};

static EXPORTS: AtomicBool = AtomicBool::new(false);

pub(crate) fn exports() -> bool {
    EXPORTS.load(Ordering::Relaxed)
}

/// Sends what is left when it is dropped.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        // The process ends; a collector that is gone must not keep it.
        let _ = self.0.shutdown();
    }
}

/// A layer that sends spans to the collector at `endpoint` from a thread of its own, in batches.
pub(crate) fn layer(
    service: &str,
    endpoint: &str,
) -> Result<(Box<dyn Layer<Registry> + Send + Sync>, Exporter), String> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .map_err(|error| error.to_string())?;
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build();
    EXPORTS.store(true, Ordering::Relaxed);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("interstate"));
    Ok((layer.boxed(), Exporter(provider)))
}

/// Where `span` stands, if it is exported.
pub(crate) fn trace_of(span: &tracing::Span) -> Option<TraceContext> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| {
        TraceContext::new(
            u128::from_be_bytes(context.trace_id().to_bytes()),
            u64::from_be_bytes(context.span_id().to_bytes()),
            context.is_sampled(),
        )
    })
}

/// Makes `span` a child of the caller's span.
pub(crate) fn continue_trace(span: &tracing::Span, parent: &TraceContext) {
    let flags = if parent.is_sampled() {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::default()
    };
    let context = SpanContext::new(
        TraceId::from(parent.trace_id()),
        SpanId::from(parent.span_id()),
        flags,
        true,
        TraceState::default(),
    );
    // Fails only where the span is not exported.
    let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(context));
}
