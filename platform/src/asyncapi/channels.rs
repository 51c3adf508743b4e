//! A channel a topic, and what the platform does there.

use super::messages;
use interstate_eventing::Service;
use interstate_location::telemetry::Recorder;
use interstate_log::{Topic, TopicKind, TopicSpec};
use serde_json::{Map, Value, json};

/// The parts that grow with each topic.
#[derive(Default)]
pub struct Document {
    pub channels: Map<String, Value>,
    pub operations: Map<String, Value>,
    pub messages: Map<String, Value>,
}

impl Document {
    /// Adds one of a service's own topics.
    pub fn add(&mut self, service: &Service, spec: &TopicSpec) {
        let (name, count) = (service.name(), spec.partitions);
        let keyed = format!("{count} partitions, keyed by aggregate id (murmur2)");
        match spec.topic.kind {
            TopicKind::Events => {
                let what = format!(
                    "What happened in the service {name}, in {keyed}. Batches are closed by receipts of the type \
                     interstate.receipt.v1 (MessagePack): take events up with theirs, and discard a run without one."
                );
                self.channel(&spec.topic, &what, &["send"], messages::events(service));
            }
            TopicKind::Commands => {
                let what = format!(
                    "What the aggregates of the service {name} are asked, by its edge and by other services, in \
                     {keyed}. Messages between tasks are numbered densely on their channel; a gap stops it."
                );
                let commands = messages::commands(service, false);
                self.channel(&spec.topic, &what, &["send", "receive"], commands);
            }
            TopicKind::Replies => {
                let what = format!(
                    "Answers of the service {name} on their way to the instance that asked, in {count} partitions \
                     keyed by the instance's name. A lost one is asked for again."
                );
                self.channel(&spec.topic, &what, &["send", "receive"], vec![messages::reply()]);
            }
            TopicKind::DeadLetters => {
                let what = format!(
                    "Commands that the service {name} could not handle, with the reason, in {keyed}. \
                     `interstate doctor` shows them; a person looks after each."
                );
                let letters = messages::commands(service, true);
                self.channel(&spec.topic, &what, &["send"], letters);
            }
            // Not among the topics of every service.
            TopicKind::Fixes => {}
        }
    }

    /// Adds the telemetry of drivers' positions.
    pub fn add_fixes(&mut self) {
        let what = "Where drivers' devices have been, a batch a record, keyed by driver (murmur2). Telemetry with a \
                    retention and no decisions: what others act on stands in location.events.";
        self.channel(
            &Recorder::topic(),
            what,
            &["send", "receive"],
            vec![messages::fixes()],
        );
    }

    fn channel(&mut self, topic: &Topic, what: &str, actions: &[&str], messages: Vec<(String, Value)>) {
        let address = topic.to_string();
        let references: Map<String, Value> = messages
            .iter()
            .map(|(name, _)| {
                (
                    name.clone(),
                    json!({ "$ref": format!("#/components/messages/{name}") }),
                )
            })
            .collect();
        self.messages.extend(messages);
        self.channels.insert(
            address.clone(),
            json!({ "address": address, "description": what, "messages": references }),
        );
        for action in actions {
            self.operations.insert(
                format!("{action}-{}", address.replace('.', "-")),
                json!({ "action": action, "channel": { "$ref": format!("#/channels/{address}") } }),
            );
        }
    }
}
