//! Describes a request's body as it is read: no object in it has fields besides those that it names.

use aide::openapi::{Operation, ReferenceOr, SchemaObject};
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::Value;

/// Writes the closed schema of `T` into the operation. It stands in its place and not among the named schemas: a
/// type that is in an answer as well stays open there, because answers grow.
pub(crate) fn describe<T: JsonSchema>(operation: &mut Operation) {
    let Some(ReferenceOr::Item(body)) = &mut operation.request_body else {
        return;
    };
    if let Some(media) = body.content.get_mut("application/json") {
        media.schema = Some(SchemaObject {
            json_schema: schema::<T>(),
            example: None,
            external_docs: None,
        });
    }
}

fn schema<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    close(&mut schema);
    schema
}

fn close(schema: &mut Schema) {
    transform_subschemas(&mut close, schema);
    let is_object =
        schema.get("properties").is_some() || schema.get("type").is_some_and(|kind| kind == "object");
    if let Some(object) = schema.as_object_mut().filter(|_| is_object) {
        object.entry("additionalProperties").or_insert(Value::Bool(false));
    }
}
