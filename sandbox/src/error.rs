//! What a request is refused with: `{"error": {"type", "code", "message", "param"}}`.

use crate::{ids::IntentId, intent::Refusal};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::{borrow::Cow, io};

/// The family of an error, for a client to branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorType {
    /// The request is wrong; repeating it does not help.
    InvalidRequestError,
    /// The key belongs to another request.
    IdempotencyError,
    /// The payment's state, or the bank, does not allow it.
    PaymentError,
    /// The provider failed; whether anything happened is to be asked by reference.
    ApiError,
}

/// An error as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiError {
    #[serde(skip)]
    status: StatusCode,
    r#type: ErrorType,
    code: &'static str,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<Cow<'static, str>>,
}

impl ApiError {
    fn new(
        status: StatusCode,
        r#type: ErrorType,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            r#type,
            code,
            message: message.into(),
            param: None,
        }
    }

    /// The request is wrong as a whole.
    pub fn invalid(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorType::InvalidRequestError,
            code,
            message,
        )
    }

    /// One parameter is wrong.
    pub fn invalid_param(param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            param: Some(param.into()),
            ..Self::invalid("parameter_invalid", message)
        }
    }

    /// What was sent cannot be read at all; `status` says why.
    pub fn unreadable(status: StatusCode, message: String) -> Self {
        Self::new(
            status,
            ErrorType::InvalidRequestError,
            "request_unreadable",
            message,
        )
    }

    /// There is no such payment.
    pub fn no_such_intent(id: IntentId) -> Self {
        Self::not_found(format!("there is no payment intent {id}"))
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorType::InvalidRequestError,
            "resource_missing",
            message,
        )
    }

    /// The path exists, for another method.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorType::InvalidRequestError,
            "method_not_allowed",
            "this path does not take this method",
        )
    }

    /// A key may not be used for another request.
    pub fn key_reused() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            ErrorType::IdempotencyError,
            "idempotency_key_reused",
            "this Idempotency-Key was used for a request with another path or other parameters; use a new key",
        )
    }

    /// The journal cannot be written; nothing happened.
    pub fn journal(error: &io::Error) -> Self {
        Self::internal(
            "journal_unavailable",
            format!("the journal cannot be written, nothing was done: {error}"),
        )
    }

    /// A fault that was asked for; nothing happened, which the client cannot know.
    pub fn injected() -> Self {
        Self::internal("internal_error", "something went wrong on our side")
    }

    /// The end of a hang, for a client that waited for it.
    pub fn timed_out() -> Self {
        Self {
            status: StatusCode::GATEWAY_TIMEOUT,
            ..Self::internal("timed_out", "there was no answer in time")
        }
    }

    fn internal(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorType::ApiError,
            code,
            message,
        )
    }
}

impl Refusal {
    /// The refusal's name, in answers and in the book.
    pub fn code(self) -> &'static str {
        match self {
            Self::HoldExpired => "hold_expired",
            Self::AmountTooLarge { .. } => "amount_too_large",
            Self::RefundTooLarge { .. } => "refund_too_large",
            Self::CaptureRefused => "capture_refused",
            Self::UnexpectedState { .. } => "unexpected_state",
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::CaptureRefused => StatusCode::PAYMENT_REQUIRED,
            _ => StatusCode::BAD_REQUEST,
        };
        let error = Self::new(
            status,
            ErrorType::PaymentError,
            refusal.code(),
            refusal.to_string(),
        );
        match refusal {
            Refusal::AmountTooLarge { .. } | Refusal::RefundTooLarge { .. } => Self {
                param: Some("amount".into()),
                ..error
            },
            _ => error,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope {
            error: ApiError,
        }
        (self.status, Json(Envelope { error: self })).into_response()
    }
}
