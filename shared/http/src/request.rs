//! What the edge knows about a request.

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{self, HeaderStyle, Parameter, ParameterData, ParameterSchemaOrContent, SchemaObject},
    operation::add_parameters,
};
use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use interstate_telemetry::TraceContext;
use std::{convert::Infallible, fmt, net::IpAddr, sync::Arc};

/// Names one request in logs, problems and answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The header's name.
    pub const HEADER: &'static str = "x-request-id";

    /// The caller's id where it is 1 to 64 harmless characters, a new one otherwise: ids go into logs.
    pub(crate) fn accept(headers: &HeaderMap) -> Self {
        let given = headers.get(Self::HEADER).and_then(|value| value.to_str().ok());
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match given.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(legal)) {
            Some(id) => Self(id.into()),
            None => Self(format!("{:032x}", rand::random::<u128>()).into()),
        }
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a connection comes from; the server notes it on each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

/// Who asks, and which trace the work belongs to: passed on into commands and events. Behind no edge (in a
/// handler's unit test) it begins a trace of its own.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The request's id.
    pub id: RequestId,
    /// This request's span in the caller's trace.
    pub trace: TraceContext,
    /// The client's address, where the server noted it.
    pub client: Option<IpAddr>,
}

impl RequestContext {
    /// Accepts the caller's id and trace, or begins new ones.
    pub(crate) fn accept(headers: &HeaderMap, client: Option<IpAddr>) -> Self {
        let parent = headers
            .get(TraceContext::HEADER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let mut random = rand::rng();
        let trace = match parent {
            Some(parent) => TraceContext::child(&parent, &mut random),
            None => TraceContext::generate(&mut random),
        };
        Self {
            id: RequestId::accept(headers),
            trace,
            client,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::accept(&parts.headers, None)))
    }
}

impl OperationInput for RequestContext {}

/// Documents a header of an operation.
pub(crate) fn header_parameter(
    ctx: &mut GenContext,
    operation: &mut openapi::Operation,
    name: &str,
    description: &str,
    required: bool,
) {
    let schema = SchemaObject {
        json_schema: ctx.schema.subschema_for::<String>(),
        example: None,
        external_docs: None,
    };
    let parameter_data = ParameterData {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema),
        example: None,
        examples: Default::default(),
        explode: None,
        extensions: Default::default(),
    };
    add_parameters(
        ctx,
        operation,
        [Parameter::Header {
            parameter_data,
            style: HeaderStyle::Simple,
        }],
    );
}
