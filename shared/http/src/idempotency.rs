//! The header `Idempotency-Key`: what makes a repeated POST harmless.

use crate::{Problem, codes, request::header_parameter};
use aide::{OperationInput, generate::GenContext, openapi};
use axum::extract::FromRequestParts;
use http::request::Parts;

/// The key that a client made up for one thing it wants done: 1 to 128 printable ASCII characters. Required:
/// a POST without one is refused, because it could not be repeated safely.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The header's name.
    pub const HEADER: &'static str = "idempotency-key";

    const MAX: usize = 128;

    /// Reads a key from text.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > Self::MAX || !printable {
            return Err(Problem::new(
                &codes::IDEMPOTENCY_KEY_INVALID,
                "The Idempotency-Key is not 1 to 128 printable ASCII characters without blanks.",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(Self::HEADER).iter();
        match (values.next(), values.next()) {
            (None, _) => Err(Problem::new(
                &codes::IDEMPOTENCY_KEY_MISSING,
                "The request has no Idempotency-Key, so that it could not be repeated safely.",
            )),
            (Some(value), None) => Self::parse(value.to_str().unwrap_or_default()),
            (Some(_), Some(_)) => Err(Problem::new(
                &codes::IDEMPOTENCY_KEY_INVALID,
                "The request has more than one Idempotency-Key.",
            )),
        }
    }
}

impl OperationInput for IdempotencyKey {
    fn operation_input(ctx: &mut GenContext, operation: &mut openapi::Operation) {
        let description =
            "A key of your own for this one thing; send the same key when you repeat the request.";
        header_parameter(ctx, operation, "Idempotency-Key", description, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_printable() {
        assert_eq!(
            IdempotencyKey::parse("8e03978e-40d5-43dd-bc93").unwrap().as_str(),
            "8e03978e-40d5-43dd-bc93"
        );
        assert!(IdempotencyKey::parse(&"k".repeat(128)).is_ok());
        for wrong in ["", "a b", "schlüssel", "tab\t", &"k".repeat(129)] {
            assert_eq!(
                IdempotencyKey::parse(wrong).unwrap_err().code(),
                &codes::IDEMPOTENCY_KEY_INVALID,
                "{wrong}"
            );
        }
    }
}
