//! JSON bodies, strictly read.

use crate::{Problem, closed, codes, strict::Strict};
use aide::{OperationInput, OperationOutput, generate::GenContext, openapi};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_path_to_error::{Path, Segment};
use std::marker::PhantomData;

/// A JSON body, in or out. What does not fit becomes a [`Problem`] that names the field. Unknown fields are refused
/// and an array is no object, whatever the type would take; only an internally tagged enum has to say
/// `#[serde(deny_unknown_fields)]` itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// A JSON body that is read where it lies, so that texts may be borrowed from it: for routes on which a copy of each
/// counts. Described as a `T`.
#[derive(Debug, Clone)]
pub struct JsonBody<T> {
    bytes: Bytes,
    described_as: PhantomData<fn() -> T>,
}

impl<T> JsonBody<T> {
    /// Reads it; refuses what [`Json`] would.
    pub fn read<'a, U: Deserialize<'a>>(&'a self) -> Result<U, Problem> {
        parse(&self.bytes)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        parse(&body(request, state).await?).map(Self)
    }
}

impl<T, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Ok(Self {
            bytes: body(request, state).await?,
            described_as: PhantomData,
        })
    }
}

/// The bytes of a body that says that it is JSON.
async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    if !is_json(&request) {
        return Err(Problem::new(
            &codes::UNSUPPORTED_MEDIA_TYPE,
            "The Content-Type is not application/json.",
        ));
    }
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                &codes::BODY_TOO_LARGE,
                "The body is larger than this route takes.",
            ),
            _ => Problem::new(&codes::INVALID_JSON, "The body ended early."),
        })
}

fn is_json(request: &Request) -> bool {
    let Some(value) = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let media = value.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

/// Reads one JSON value and nothing after it.
fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    // Keeping track of the place takes as long as reading. Only what does not fit is read again to find it.
    parse_untracked(body).or_else(|_| parse_tracked(body))
}

fn parse_untracked<'a, T: Deserialize<'a>>(body: &'a [u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = T::deserialize(Strict::new(&mut reader))?;
    reader.end()?;
    Ok(value)
}

fn parse_tracked<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Strict::new(&mut reader)).map_err(|error| {
        let (pointer, inner) = (pointer(error.path()), error.inner());
        // serde_json calls it a mistake in the syntax, too, where a value of another kind stands for an enum.
        let is_json = inner.is_data() || serde_json::from_slice::<IgnoredAny>(body).is_ok();
        if is_json {
            // serde_json appends the position, which says less than the pointer.
            let text = inner.to_string();
            let detail = match text.rsplit_once(" at line ") {
                _ if inner.is_syntax() => "a value of another kind is expected here",
                Some((detail, _)) => detail,
                None => &text,
            };
            Problem::new(&codes::INVALID_BODY, "A field of the body does not fit.").field(pointer, detail)
        } else {
            Problem::new(&codes::INVALID_JSON, format!("The body is not JSON: {inner}."))
        }
    })?;
    reader
        .end()
        .map_err(|_| Problem::new(&codes::INVALID_JSON, "Something follows the JSON value."))?;
    Ok(value)
}

/// RFC 6901: `~` and `/` in a key are escaped.
fn pointer(path: &Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            // Of an externally tagged enum; what is in an internally tagged one is not tracked.
            Segment::Enum { variant } => Some(format!("/{variant}")),
            Segment::Unknown => None,
        })
        .collect()
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

impl<T: JsonSchema> OperationInput for Json<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut openapi::Operation) {
        axum::Json::<T>::operation_input(ctx, operation);
        closed::describe::<T>(operation);
    }
}

impl<T: JsonSchema> OperationInput for JsonBody<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut openapi::Operation) {
        Json::<T>::operation_input(ctx, operation);
    }
}

impl<T: JsonSchema> OperationOutput for Json<T> {
    type Inner = T;

    fn operation_response(
        ctx: &mut GenContext,
        operation: &mut openapi::Operation,
    ) -> Option<openapi::Response> {
        axum::Json::<T>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut openapi::Operation,
    ) -> Vec<(Option<openapi::StatusCode>, openapi::Response)> {
        axum::Json::<T>::inferred_responses(ctx, operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Trip {
        #[allow(dead_code)]
        stops: Vec<Stop>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Stop {
        #[allow(dead_code)]
        minutes: u16,
    }

    fn problem(body: &str) -> Problem {
        parse::<Trip>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn the_wrong_field_is_named_by_its_pointer() {
        let wrong = problem(r#"{"stops": [{"minutes": 5}, {"minutes": "ten"}]}"#);
        assert_eq!(wrong.code(), &codes::INVALID_BODY);
        assert_eq!(wrong.errors()[0].pointer, "/stops/1/minutes");
        assert_eq!(
            wrong.errors()[0].detail,
            "invalid type: string \"ten\", expected u16"
        );

        let unknown = problem(r#"{"stops": [{"minutes": 5, "a/b": 1}]}"#);
        assert!(unknown.errors()[0].pointer.starts_with("/stops/0"), "{unknown:?}");
        assert!(
            unknown.errors()[0].detail.contains("unknown field `a/b`"),
            "{unknown:?}"
        );
        assert!(problem("{}").errors()[0].detail.contains("missing field `stops`"));
    }

    #[test]
    fn an_array_is_no_object_at_any_depth() {
        let pointer = |body: &str| {
            let problem = problem(body);
            assert_eq!(problem.code(), &codes::INVALID_BODY, "{body}: {problem:?}");
            let error = &problem.errors()[0];
            assert!(
                error
                    .detail
                    .starts_with("invalid type: sequence, expected struct"),
                "{body}: {error:?}"
            );
            error.pointer.clone()
        };
        assert_eq!(pointer("[]"), "");
        assert_eq!(pointer("[[]]"), "");
        assert_eq!(pointer(r#"{"stops": [{"minutes": 1}, [1]]}"#), "/stops/1");
    }

    /// What is a part of events as well, and so bears fields of later versions.
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Tolerant {
        at: Option<Place>,
        #[serde(default)]
        by: Vec<By>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Place {
        City(u32),
        Point { lat: f64 },
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "as", rename_all = "snake_case", deny_unknown_fields)]
    #[allow(dead_code)]
    enum By {
        Rider { reason: String },
        Operator {},
    }

    #[test]
    fn unknown_fields_are_refused_though_the_type_would_bear_them() {
        let fits = r#"{"at": {"point": {"lat": 1.5}}, "by": [{"as": "rider", "reason": "ill"}, {"as": "operator"}]}"#;
        assert!(parse::<Tolerant>(fits.as_bytes()).is_ok());
        assert!(serde_json::from_str::<Tolerant>(r#"{"at": null, "later": 1}"#).is_ok());
        let pointer = |body: &str| {
            let problem = parse::<Tolerant>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), &codes::INVALID_BODY, "{body}: {problem:?}");
            let error = &problem.errors()[0];
            assert!(error.detail.starts_with("unknown field"), "{body}: {error:?}");
            error.pointer.clone()
        };
        assert_eq!(pointer(r#"{"at": null, "a/b": {"c": 1}}"#), "/a~1b");
        assert_eq!(
            pointer(r#"{"at": {"point": {"lat": 1, "long": 2}}}"#),
            "/at/point/long"
        );
        assert_eq!(
            pointer(r#"{"by": [{"as": "rider", "reason": "ill", "foo": 1}]}"#),
            "/by/0"
        );
        assert_eq!(pointer(r#"{"by": [{"as": "operator", "foo": 1}]}"#), "/by/0");
    }

    #[test]
    fn a_tagged_enum_is_no_array_either() {
        for body in [
            r#"{"by": [["operator"]]}"#,
            r#"{"by": [["rider", {"reason": "ill"}]]}"#,
        ] {
            let problem = parse::<Tolerant>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.errors()[0].pointer, "/by/0", "{problem:?}");
        }
    }

    #[test]
    fn what_is_json_is_never_called_anything_else() {
        for body in [
            r#"{"at": [{}]}"#,
            r#"{"at": {}}"#,
            r#"{"at": 5}"#,
            r#"{"at": true}"#,
            r#"{"at": {"city": 1, "point": {"lat": 1}}}"#,
            r#"{"at": {"name": "A", "point": {"lat": 1}}}"#,
        ] {
            let problem = parse::<Tolerant>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), &codes::INVALID_BODY, "{body}: {problem:?}");
            let error = &problem.errors()[0];
            assert!(error.pointer.starts_with("/at"), "{body}: {error:?}");
            assert!(!error.detail.contains("line"), "{body}: {error:?}");
        }
    }

    #[test]
    fn texts_are_borrowed_where_they_are_written_plainly() {
        use std::borrow::Cow;
        #[derive(Deserialize)]
        struct Named<'a>(#[serde(borrow)] Cow<'a, str>);
        let body = |text: &'static str| JsonBody::<String> {
            bytes: Bytes::from_static(text.as_bytes()),
            described_as: PhantomData,
        };
        let (plain, escaped) = (body(r#""phone""#), body(r#""ph\u006fne""#));
        assert!(matches!(plain.read::<Named>().unwrap().0, Cow::Borrowed("phone")));
        assert!(matches!(escaped.read::<Named>().unwrap().0, Cow::Owned(text) if text == "phone"));
        assert_eq!(
            body("\"phone").read::<Named>().err().unwrap().code(),
            &codes::INVALID_JSON
        );
    }

    #[test]
    fn what_is_not_json_is_told_where() {
        for body in [
            "",
            "{",
            "{\"stops\": [}",
            "{\"stops\": [{\"minutes\": 1}",
            "\u{feff}{}",
            "nul",
        ] {
            let problem = problem(body);
            assert_eq!(problem.code(), &codes::INVALID_JSON, "{body}: {problem:?}");
            assert!(problem.detail().contains("line 1"), "{problem:?}");
        }
        assert_eq!(
            problem(r#"{"stops": []} x"#).detail(),
            "Something follows the JSON value."
        );
        let deep = "[".repeat(100_000);
        assert_eq!(
            parse::<serde_json::Value>(deep.as_bytes()).unwrap_err().code(),
            &codes::INVALID_JSON
        );
    }
}
