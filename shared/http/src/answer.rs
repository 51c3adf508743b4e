//! What a handler answers with when it went well.

use crate::{ConsistencyToken, Json};
use aide::{OperationOutput, generate::GenContext, openapi};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

/// A JSON answer with a status that the documentation knows, and with the token to read one's own write.
#[derive(Debug, Clone)]
pub struct Answer<T, const STATUS: u16 = 200> {
    body: T,
    token: ConsistencyToken,
    location: Option<String>,
}

/// 201: something new exists.
pub type Created<T> = Answer<T, 201>;

/// 202: it will be done; the body says where to look.
pub type Accepted<T> = Answer<T, 202>;

impl<T, const STATUS: u16> Answer<T, STATUS> {
    /// An answer with this body.
    pub fn new(body: T) -> Self {
        Self {
            body,
            token: ConsistencyToken::default(),
            location: None,
        }
    }

    /// Sets the header `Consistency-Token`.
    #[must_use]
    pub fn token(mut self, token: ConsistencyToken) -> Self {
        self.token = token;
        self
    }

    /// Sets the header `Location`: the path of what was made.
    #[must_use]
    pub fn location(mut self, path: impl Into<String>) -> Self {
        self.location = Some(path.into());
        self
    }
}

impl<T: Serialize, const STATUS: u16> IntoResponse for Answer<T, STATUS> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(STATUS).unwrap_or(StatusCode::OK);
        let mut response = (status, self.token, Json(self.body)).into_response();
        if let Some(location) = self.location.and_then(|path| HeaderValue::try_from(path).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl<T: JsonSchema, const STATUS: u16> OperationOutput for Answer<T, STATUS> {
    type Inner = T;

    fn operation_response(
        ctx: &mut GenContext,
        operation: &mut openapi::Operation,
    ) -> Option<openapi::Response> {
        Json::<T>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut openapi::Operation,
    ) -> Vec<(Option<openapi::StatusCode>, openapi::Response)> {
        let response = Self::operation_response(ctx, operation);
        response
            .map(|response| (Some(openapi::StatusCode::Code(STATUS)), response))
            .into_iter()
            .collect()
    }
}
