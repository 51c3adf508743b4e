//! What lies in the records of each kind of topic.

use interstate_eventing::{
    Service,
    envelope::{CommandMeta, RECEIPT_TYPE},
    task::Reply,
};
use interstate_location::telemetry::PROTO;
use interstate_schemas::{
    AddressedCommand, BookingMessage, CalendarCommand, DispatchCommand, DriverMessage, PaymentCommand,
};
use schemars::{JsonSchema, Schema, schema_for};
use serde_json::{Value, json};

const META: &str = "interstate.command.v1";
const REPLY: &str = "interstate.reply.v1";

/// Schemas besides those of events, by name: what stands around commands, replies, and the commands by which services
/// talk to each other.
pub fn schemas() -> Vec<(String, Schema)> {
    let mut all = published();
    all.push((META.to_owned(), schema_for!(CommandMeta)));
    all.push((REPLY.to_owned(), schema_for!(Reply)));
    all
}

/// The commands of the published language. All others are between a service and its own edge.
fn published() -> Vec<(String, Schema)> {
    fn of<C: AddressedCommand + JsonSchema>() -> (String, Schema) {
        (command_type(C::SERVICE, C::AGGREGATE), schema_for!(C))
    }
    vec![
        of::<BookingMessage>(),
        of::<CalendarCommand>(),
        of::<DispatchCommand>(),
        of::<DriverMessage>(),
        of::<PaymentCommand>(),
    ]
}

/// The `ce_type` of commands to an aggregate.
fn command_type(service: &str, aggregate: &str) -> String {
    format!("{service}.{aggregate}.command.v1")
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("schemas/json/{name}.json") })
}

fn headers(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The events of a service, and what closes their batches.
pub fn events(service: &Service) -> Vec<(String, Value)> {
    let event = |name: &'static str| {
        (
            name.to_owned(),
            json!({
                "name": name,
                "contentType": "application/json",
                "headers": headers("envelope"),
                "payload": reference(name),
            }),
        )
    };
    let mut all: Vec<_> = service
        .event_schemas()
        .iter()
        .map(|(name, _)| event(name))
        .collect();
    all.push((
        RECEIPT_TYPE.to_owned(),
        json!({
            "name": RECEIPT_TYPE,
            "contentType": "application/msgpack",
            "description": "Closes a batch: its first and last sequence, the position in the commands, outcomes and \
                            replies, the messages to send, and the numbers of the channels. Internal; readers only \
                            need to know that the events before it are committed.",
            "payload": { "type": "object" },
        }),
    ));
    all
}

/// Commands to the aggregates of a service, or those of them that could not be handled.
pub fn commands(service: &Service, dead: bool) -> Vec<(String, Value)> {
    let published = published();
    let command = |aggregate: &str| {
        let name = command_type(service.name(), aggregate);
        let known = published.iter().any(|(published, _)| *published == name);
        let payload = match known {
            true => reference(&name),
            false => json!({ "description": "Of this service and its own edge; not published." }),
        };
        let (id, around) = match dead {
            true => (format!("{name}.dead-letter"), "deadLetter"),
            false => (name.clone(), "command"),
        };
        let message = json!({
            "name": name,
            "contentType": "application/json",
            "headers": headers(around),
            "payload": payload,
        });
        (id, message)
    };
    let aggregates = service.event_types();
    aggregates
        .iter()
        .map(|(aggregate, _)| command(aggregate))
        .collect()
}

/// An answer to an instance.
pub fn reply() -> (String, Value) {
    let message = json!({
        "name": REPLY,
        "contentType": "application/msgpack",
        "description": "MessagePack with named fields. It holds no secrets and nothing personal that is not sealed.",
        "payload": reference(REPLY),
    });
    (REPLY.to_owned(), message)
}

/// What a device sent at once.
pub fn fixes() -> (String, Value) {
    let name = "location.fixes.v1";
    let message = json!({
        "name": name,
        "contentType": "application/protobuf",
        "headers": headers("telemetry"),
        "payload": { "schemaFormat": "application/vnd.google.protobuf;version=3", "schema": PROTO },
    });
    (name.to_owned(), message)
}

/// What stands in the headers of records.
pub fn envelopes() -> Value {
    json!({
        "envelope": event_envelope(),
        "command": command_envelope(None),
        "deadLetter": command_envelope(Some("why it could not be handled: a stable code, and what happened")),
        "telemetry": {
            "type": "object",
            "properties": {
                "ce_type": { "const": "location.fixes.v1" },
                "content-type": { "const": "application/protobuf" },
            },
            "required": ["ce_type", "content-type"],
        },
    })
}

fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}

fn command_envelope(reason: Option<&str>) -> Value {
    let mut envelope = json!({
        "type": "object",
        "properties": {
            "ce_specversion": { "const": "1.0" },
            "ce_id": text("the command's id, cmd_…; a repeat has the same"),
            "ce_type": text("service.aggregate.command.v1"),
            "interstate_command": {
                "type": "string",
                "description": "whom it asks, who asks, where it comes from, and the saga's step that it carries out",
                "contentMediaType": "application/json",
                "contentSchema": reference(META),
            },
        },
        "required": ["ce_specversion", "ce_id", "ce_type", "interstate_command"],
    });
    if let Some(reason) = reason {
        envelope["properties"]["interstate_reason"] = text(reason);
    }
    envelope
}

fn event_envelope() -> Value {
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
