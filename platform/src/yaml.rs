//! YAML of a JSON value: blocks for objects and lists, every text in double quotes.

use serde_json::Value;

/// The value as a YAML document.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                out.push_str(&indent);
                out.push_str(&key(name));
                out.push(':');
                nested(out, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&indent);
                out.push('-');
                nested(out, item, depth);
            }
        }
        scalar => {
            out.push_str(&scalar.to_string());
            out.push('\n');
        }
    }
}

fn nested(out: &mut String, value: &Value, depth: usize) {
    let block = matches!(value, Value::Object(fields) if !fields.is_empty())
        || matches!(value, Value::Array(items) if !items.is_empty());
    if block {
        out.push('\n');
        write(out, value, depth + 1);
    } else {
        out.push_str(&format!(" {value}\n"));
    }
}

fn key(name: &str) -> String {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let word = plain && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if word {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn blocks_nest_and_texts_are_quoted() {
        let value = serde_json::json!({ "a": { "b.c": ["x: y", 1, {}] }, "e": null });
        assert_eq!(
            super::to_string(&value),
            "a:\n  \"b.c\":\n    - \"x: y\"\n    - 1\n    - {}\ne: null\n"
        );
    }
}
