//! Events of other services: every fact that they hold, without knowing their types.

use interstate_schemas::{
    Money,
    reason::{why_it_ended, why_not_this_driver},
};
use serde_json::Value;

/// Large, or nobody's business.
const LEFT_OUT: &[&str] = &["route", "trip", "method", "input", "token", "geometry"];
/// Entries of a list that are shown.
const SHOWN: usize = 50;

pub(super) fn lines(payload: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    match serde_json::from_slice(payload) {
        Ok(Value::Object(members)) => {
            for (name, value) in &members {
                fact(&mut lines, 0, name, value);
            }
        }
        Ok(other) => lines.push(one_line(&other)),
        Err(error) => lines.push(format!("(not readable: {error})")),
    }
    lines
}

fn fact(lines: &mut Vec<String>, depth: usize, name: &str, value: &Value) {
    if LEFT_OUT.contains(&name) || value.is_null() {
        return;
    }
    let indent = "  ".repeat(depth);
    let label = name.replace('_', " ");
    match value {
        Value::Object(members) if money(value).is_none() && depth < 4 => {
            lines.push(format!("{indent}{label}:"));
            for (name, value) in members {
                fact(lines, depth + 1, name, value);
            }
        }
        Value::Array(entries) if entries.iter().any(Value::is_object) => {
            lines.push(format!("{indent}{label}:"));
            for entry in entries.iter().take(SHOWN) {
                lines.push(format!("{indent}  - {}", one_line(entry)));
            }
            if entries.len() > SHOWN {
                lines.push(format!("{indent}  - and {} more", entries.len() - SHOWN));
            }
        }
        _ => lines.push(format!("{indent}{label}: {}", told(name, value))),
    }
}

/// A code with what it means.
fn told(name: &str, value: &Value) -> String {
    let meaning = match (name, value.as_str()) {
        ("code", Some(code)) => why_not_this_driver(code).or_else(|| why_it_ended(code)),
        _ => None,
    };
    match meaning {
        Some(sentence) => format!("{} ({})", one_line(value), sentence.trim_end_matches('.')),
        None => one_line(value),
    }
}

fn one_line(value: &Value) -> String {
    if let Some(money) = money(value) {
        return money.to_string();
    }
    match value {
        Value::String(text) => words(text),
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(one_line).collect();
            if entries.is_empty() {
                "none".to_owned()
            } else {
                entries.join("; ")
            }
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .filter(|(name, value)| !LEFT_OUT.contains(&name.as_str()) && !value.is_null())
                .map(|(name, value)| format!("{} {}", name.replace('_', " "), told(name, value)))
                .collect();
            members.join(", ")
        }
        other => other.to_string(),
    }
}

/// A moment on the same clock as the story's own times; any other text as it is.
fn words(text: &str) -> String {
    match text.parse() {
        Ok(moment) if text.ends_with('Z') => super::clock(moment),
        _ => text.to_owned(),
    }
}

fn money(value: &Value) -> Option<Money> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    members.get("currency")?;
    Some(Money::inr(members.get("amount")?.as_i64()?))
}
