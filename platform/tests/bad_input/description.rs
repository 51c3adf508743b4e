//! The operations of an OpenAPI description, with a sample of what each takes.

use serde_json::{Map, Value, json};

/// One operation.
pub struct Operation {
    pub method: String,
    pub path: String,
    pub parameters: Vec<Parameter>,
    /// A body that fits its schema, where it takes one.
    pub body: Option<Value>,
    /// Whether the description says that unknown fields are refused.
    pub is_closed: bool,
    /// The methods of its path.
    pub methods: Vec<String>,
}

/// One parameter.
pub struct Parameter {
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    pub is_required: bool,
    pub sample: String,
}

impl Operation {
    pub fn parameter(&self, place: &str, name: &str) -> Option<&Parameter> {
        let mut all = self
            .parameters
            .iter()
            .filter(|parameter| parameter.place == place);
        all.find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    pub fn of<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.parameters
            .iter()
            .filter(move |parameter| parameter.place == place)
    }

    /// Its path with samples, but for one parameter.
    pub fn path_with(&self, but: &str, value: &str) -> String {
        self.of("path").fold(self.path.clone(), |path, parameter| {
            let value = if parameter.name == but {
                value
            } else {
                &parameter.sample
            };
            path.replace(&format!("{{{}}}", parameter.name), value)
        })
    }
}

/// All of them.
pub fn operations(doc: &Value) -> Vec<Operation> {
    let paths = doc["paths"].as_object().expect("a description has paths");
    let all = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        let methods: Vec<String> = item.keys().map(|method| method.to_uppercase()).collect();
        item.iter().map(move |(method, operation)| {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let schema = resolved(doc, schema);
            Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                parameters: parameters(doc, operation),
                body: (!schema.is_null()).then(|| sample(doc, schema, 0)),
                is_closed: schema["additionalProperties"] == false,
                methods: methods.clone(),
            }
        })
    });
    all.collect()
}

fn parameters(doc: &Value, operation: &Value) -> Vec<Parameter> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let read = all.map(|parameter| {
        let value = sample(doc, &parameter["schema"], 0);
        Parameter {
            name: parameter["name"].as_str().unwrap().to_owned(),
            place: parameter["in"].as_str().unwrap().to_owned(),
            is_required: parameter["required"] == true,
            sample: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        }
    });
    read.collect()
}

fn resolved<'d>(doc: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(name) => doc.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null),
        None => schema,
    }
}

/// A value that fits a schema; for what only a domain knows (a place's name, a pickup) one that is well formed.
fn sample(doc: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolved(doc, schema);
    if depth > 12 {
        return Value::Null;
    }
    if !schema["const"].is_null() {
        return schema["const"].clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let own = match schema["type"]
        .as_str()
        .or_else(|| schema["type"].get(0)?.as_str())
    {
        Some("object") => object(doc, schema, depth),
        Some("array") => json!([sample(doc, &schema["items"], depth + 1)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("string") => json!(text(schema)),
        _ => Value::Null,
    };
    // An alternative adds its fields to those that all alternatives have.
    let alternative = schema["oneOf"]
        .get(0)
        .or(schema["anyOf"].get(0))
        .or(schema["allOf"].get(0));
    match (own, alternative.map(|first| sample(doc, first, depth + 1))) {
        (Value::Object(mut own), Some(Value::Object(more))) => {
            own.extend(more);
            Value::Object(own)
        }
        (Value::Null, Some(other)) => other,
        (own, _) => own,
    }
}

fn object(doc: &Value, schema: &Value, depth: usize) -> Value {
    let fields = schema["properties"].as_object().into_iter().flatten();
    let fields: Map<String, Value> = fields
        .map(|(name, schema)| (name.clone(), sample(doc, schema, depth + 1)))
        .collect();
    Value::Object(fields)
}

fn text(schema: &Value) -> String {
    let pattern = schema["pattern"]
        .as_str()
        .unwrap_or_default()
        .trim_start_matches('^');
    match (pattern.split_once("_[0-9A-HJ"), schema["format"].as_str()) {
        // An id of somebody or something that does not exist.
        (Some((prefix, _)), _) => format!("{prefix}_01KAJ5T5H8ZZZZZZZZZZZZZZZZ"),
        (None, Some("date-time")) => "2027-03-01T10:00:00Z".to_owned(),
        (None, Some("date")) => "2027-03-01".to_owned(),
        _ => "some text".to_owned(),
    }
}
