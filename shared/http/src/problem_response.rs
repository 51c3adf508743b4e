//! A problem as an answer, and as the API's documentation shows it.

use crate::{FieldError, Problem};
use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{MediaType, Operation, Response as ApiResponse, SchemaObject, StatusCode as ApiStatus},
};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allowed_methods().and_then(|methods| methods.parse().ok()) {
            headers.insert(header::ALLOW, allow);
        }
        // The edge renders it once more, with the request's id.
        response.extensions_mut().insert(self);
        response
    }
}

/// An error as RFC 9457 describes it.
#[derive(JsonSchema)]
#[schemars(rename = "Problem")]
#[allow(dead_code, reason = "only its schema is used")]
struct Shape {
    /// Where the page of this kind of error is.
    r#type: String,
    /// What happened, the same for every occurrence.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The kind of error; stable.
    code: String,
    /// What was wrong this time.
    detail: String,
    /// Names the request.
    instance: Option<String>,
    /// The wrong fields.
    errors: Option<Vec<FieldError>>,
}

impl OperationOutput for Problem {
    type Inner = Self;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<ApiResponse> {
        let schema = SchemaObject {
            json_schema: ctx.schema.subschema_for::<Shape>(),
            example: None,
            external_docs: None,
        };
        let media = MediaType {
            schema: Some(schema),
            ..MediaType::default()
        };
        Some(ApiResponse {
            description: "A problem; its `code` has a page under `/docs/errors/`.".to_owned(),
            content: [("application/problem+json".to_owned(), media)]
                .into_iter()
                .collect(),
            ..ApiResponse::default()
        })
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<ApiStatus>, ApiResponse)> {
        Self::operation_response(ctx, operation)
            .map(|response| (None, response))
            .into_iter()
            .collect()
    }
}
