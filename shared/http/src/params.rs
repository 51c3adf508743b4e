//! Parameters in the path and after the question mark.

use crate::{Problem, codes};
use aide::{
    OperationInput,
    generate::GenContext,
    openapi,
    operation::{ParamLocation, add_parameters, parameters_from_schema},
};
use axum::extract::{FromRequestParts, path::ErrorKind, rejection::PathRejection};
use http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// The query, as a struct of named parameters. Unknown ones are refused where the struct says
/// `#[serde(deny_unknown_fields)]`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(reader)
            .map(Self)
            .map_err(|error| {
                let name = error.path().to_string();
                Problem::new(&codes::INVALID_QUERY, "A parameter of the query does not fit.").field(
                    if name == "." { String::new() } else { name },
                    error.inner().to_string(),
                )
            })
    }
}

impl<T: JsonSchema> OperationInput for Query<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut openapi::Operation) {
        let schema = ctx.schema.subschema_for::<T>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Query);
        add_parameters(ctx, operation, parameters);
    }
}

/// The parameters of the path: a struct with a field for each `{name}` of the route.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, &()).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(failed)) => Err(wrong_part(failed.into_kind())),
            Err(other) => Err(Problem::internal(other)),
        }
    }
}

fn wrong_part(kind: ErrorKind) -> Problem {
    let problem = Problem::new(&codes::INVALID_PATH, "A part of the path does not fit.");
    match kind {
        ErrorKind::DeserializeError { key, message, .. } => problem.field(key, message),
        ErrorKind::ParseErrorAtKey {
            key,
            value,
            expected_type,
        } => problem.field(key, format!("`{value}` is not of type {expected_type}")),
        ErrorKind::InvalidUtf8InPathParam { key } => problem.field(key, "not UTF-8"),
        other => problem.field("", other.to_string()),
    }
}

impl<T: JsonSchema> OperationInput for Path<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut openapi::Operation) {
        let schema = ctx.schema.subschema_for::<T>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
    }
}
