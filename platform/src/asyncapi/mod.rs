//! The AsyncAPI 3.0 description of the topics, made from the topics that the runtime creates, the registered
//! aggregates and the types of what lies in the records.

mod channels;
mod messages;

use channels::Document;
use serde_json::{Value, json};

pub use messages::schemas;

/// The document.
pub fn document() -> Value {
    let mut document = Document::default();
    for service in crate::catalogue::services() {
        for spec in interstate_eventing::runtime::topics(service.name(), service.partition_count()) {
            document.add(&service, &spec);
        }
    }
    document.add_fixes();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Interstate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every topic of Interstate, in CloudEvents 1.0 (Kafka binary mode). Events are the \
                            published language; commands, replies and dead letters are how its services talk \
                            among themselves. On the embedded log the same topics are in its folder, commands \
                            and replies in memory.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": document.channels,
        "operations": document.operations,
        "components": { "messages": document.messages, "schemas": messages::envelopes() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_topic_that_the_code_creates_is_described() {
        let created: BTreeSet<String> = crate::catalogue::topics()
            .into_iter()
            .map(|spec| spec.topic.to_string())
            .collect();
        let document = document();
        let described: BTreeSet<String> = document["channels"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(created, described);
        for kind in ["commands", "events", "replies", "dead-letters"] {
            assert!(described.contains(&format!("payment.{kind}")), "{described:?}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let files: BTreeSet<String> = crate::commands::generate::files()
            .keys()
            .map(|path| path.display().to_string())
            .collect();
        let mut found = 0;
        walk(&document, &mut |target| {
            found += 1;
            match target.strip_prefix('#') {
                Some(pointer) => assert!(document.pointer(pointer).is_some(), "{target}"),
                None => assert!(files.contains(target), "{target} is not generated"),
            }
        });
        assert!(found > 200, "only {found} references");
    }

    fn walk(value: &Value, found: &mut impl FnMut(&str)) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field.as_str().filter(|_| name == "$ref") {
                        Some(target) => found(target),
                        None => walk(field, found),
                    }
                }
            }
            Value::Array(all) => all.iter().for_each(|one| walk(one, found)),
            _ => {}
        }
    }
}
