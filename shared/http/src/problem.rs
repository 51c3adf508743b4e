//! Problems as RFC 9457 describes them.

use crate::{ErrorCode, codes};
use schemars::JsonSchema;
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap, fmt, time::Duration};

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901) into the body, or the name of a parameter.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// An error that a caller sees. Boxed, so that a `Result` with it stays small.
#[derive(Clone)]
pub struct Problem(Box<Content>);

#[derive(Clone)]
struct Content {
    code: &'static ErrorCode,
    detail: Cow<'static, str>,
    instance: Option<String>,
    errors: Vec<FieldError>,
    extensions: BTreeMap<&'static str, serde_json::Value>,
    retry_after: Option<Duration>,
    allow: Option<String>,
}

/// When to come back to what does not answer: a store that was away is asked again after as long (ADR 22).
const COME_BACK: Duration = Duration::from_secs(2);

/// Texts of problems repeat what came in; nobody reads more of it than this.
const MOST_BYTES: usize = 600;

fn bounded(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= MOST_BYTES {
        return text;
    }
    let end = text.floor_char_boundary(MOST_BYTES);
    Cow::Owned(format!("{}…", &text[..end]))
}

impl Problem {
    /// A problem of this kind, with what was wrong this time, for a person.
    pub fn new(code: &'static ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        // A client that is told to come back must be told when.
        let retry_after = matches!(code.status, 429 | 503).then_some(Duration::from_secs(1));
        Self(Box::new(Content {
            code,
            detail: bounded(detail.into()),
            instance: None,
            errors: Vec::new(),
            extensions: BTreeMap::new(),
            retry_after,
            allow: None,
        }))
    }

    /// A failure of ours: `error` is logged, and the caller sees none of it.
    pub fn internal(error: impl fmt::Display) -> Self {
        tracing::error!(error = %error, "a request failed");
        Self::new(
            &codes::INTERNAL,
            "The request failed on our side; nothing in it was wrong.",
        )
    }

    /// Something that the request needs does not answer now: `why` is logged, and the caller is told when to come back.
    pub fn away(why: impl fmt::Display, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        tracing::warn!(%why, %detail, "a request was turned away");
        Self::new(&codes::UNAVAILABLE, detail).retry_after(COME_BACK)
    }

    /// There is no such thing, or the caller may not see it.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(&codes::NOT_FOUND, format!("There is no {what}."))
    }

    /// Adds a wrong field.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldError {
            pointer: bounded(pointer.into().into()).into_owned(),
            detail: bounded(detail.into().into()).into_owned(),
        });
        self
    }

    /// Adds a member of one's own, for machines: codes and numbers rather than sentences. A value that does not
    /// serialize is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.0.extensions.insert(name, value);
        }
        self
    }

    /// When to come back; whole seconds on the wire, rounded up.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// The header `Allow` of a 405.
    #[must_use]
    pub fn allow(mut self, methods: impl Into<String>) -> Self {
        self.0.allow = Some(methods.into());
        self
    }

    /// Names this occurrence; the edge does it with the request's id.
    #[must_use]
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.0.instance = Some(instance.into());
        self
    }

    /// Its kind.
    pub fn code(&self) -> &'static ErrorCode {
        self.0.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.code.status
    }

    /// What was wrong this time.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The wrong fields.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.0
            .retry_after
            .map(|after| after.as_secs() + u64::from(after.subsec_nanos() > 0))
    }

    pub(crate) fn allowed_methods(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    /// The body, `application/problem+json`.
    pub fn to_json(&self) -> Vec<u8> {
        let Content {
            code,
            detail,
            instance,
            errors,
            extensions,
            ..
        } = &*self.0;
        let body = Body {
            r#type: code.page_path(),
            title: code.title,
            status: code.status,
            code: code.code,
            detail,
            instance: instance.as_deref(),
            errors,
            extensions,
        };
        serde_json::to_vec(&body).expect("strings, numbers and JSON values always serialize")
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({})", String::from_utf8_lossy(&self.to_json()))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.code, self.0.detail)
    }
}

impl std::error::Error for Problem {}

/// The members in the order that a person reads them.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    extensions: &'a BTreeMap<&'static str, serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let problem = Problem::new(&codes::INVALID_BODY, "One field does not fit.")
            .field("/passengers", "must be at most 7")
            .with("limit", 7)
            .instance("urn:interstate:request:r-1");
        let body: serde_json::Value = serde_json::from_slice(&problem.to_json()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "/docs/errors/invalid-body",
                "title": "The body does not fit",
                "status": 422,
                "code": "invalid-body",
                "detail": "One field does not fit.",
                "instance": "urn:interstate:request:r-1",
                "errors": [{"pointer": "/passengers", "detail": "must be at most 7"}],
                "limit": 7,
            })
        );
    }

    #[test]
    fn who_is_sent_away_is_told_when_to_come_back() {
        assert_eq!(
            Problem::new(&codes::OVERLOADED, "").retry_after_seconds(),
            Some(1)
        );
        let away = Problem::away("connection refused", "Accounts cannot be read now.");
        assert_eq!((away.status(), away.retry_after_seconds()), (503, Some(2)));
        let problem = Problem::new(&codes::RATE_LIMITED, "").retry_after(Duration::from_millis(2_100));
        assert_eq!(problem.retry_after_seconds(), Some(3));
        assert_eq!(Problem::new(&codes::NOT_FOUND, "").retry_after_seconds(), None);
    }
}
