//! The AsyncAPI 3.0 description of the topics, made from the registered aggregates.

use crate::catalogue;
use serde_json::{Map, Value, json};

/// The document.
pub fn document() -> Value {
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for service in catalogue::services() {
        let topic = format!("{}.events", service.name());
        let mut references = Map::new();
        for (name, _) in service.event_schemas() {
            references.insert(
                name.to_owned(),
                json!({ "$ref": format!("#/components/messages/{name}") }),
            );
            messages.insert(
                name.to_owned(),
                json!({
                    "name": name,
                    "contentType": "application/json",
                    "headers": { "$ref": "#/components/schemas/envelope" },
                    "payload": { "$ref": format!("schemas/json/{name}.json") },
                }),
            );
        }
        channels.insert(
            topic.clone(),
            json!({
                "address": topic,
                "description": format!(
                    "What happened in the service {}, in {} partitions keyed by aggregate id (murmur2). Batches are \
                     closed by receipts of the type interstate.receipt.v1 (MessagePack): take events up with theirs.",
                    service.name(), service.partition_count()
                ),
                "messages": references,
            }),
        );
        let id = format!("send-{}-events", service.name());
        operations.insert(
            id,
            json!({ "action": "send", "channel": { "$ref": format!("#/channels/{}", pointer(&topic)) } }),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Interstate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The published events of Interstate, in CloudEvents 1.0 (Kafka binary mode).",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": { "envelope": envelope() } },
    })
}

fn pointer(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

fn envelope() -> Value {
    let text = |what: &str| json!({ "type": "string", "description": what });
    json!({
        "type": "object",
        "properties": {
            "ce_specversion": { "const": "1.0" },
            "ce_id": text("the event's id, evt_…"),
            "ce_source": text("/service/partition"),
            "ce_type": text("the type with its version"),
            "ce_subject": text("the aggregate's id"),
            "ce_time": text("log time, RFC 3339"),
            "ce_sequence": text("dense count of the partition, from 1"),
            "ce_aggregate": text("the kind of aggregate"),
            "ce_aggregateversion": text("dense count of the aggregate, from 1"),
            "ce_correlationid": text("the first command of the story"),
            "ce_causationid": text("the command that it was decided on"),
            "ce_actor": text("who caused it: role:id, service:name, or system"),
            "traceparent": text("W3C trace context, where there was one"),
            "content-type": { "const": "application/json" },
        },
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_sequence"],
    })
}
