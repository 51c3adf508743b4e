//! Messages between aggregates: who is asked, and what.

use interstate_schemas::{AddressedCommand, CommandId, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

pub use interstate_schemas::Address;

/// A command to another aggregate. It leaves after the commit and arrives exactly once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Whom it asks.
    pub to: Address,
    /// The command as JSON.
    #[serde(with = "bytes_as_bin")]
    pub payload: Vec<u8>,
    /// The step of a saga that this carries out. A request that is rejected, or cannot be handled, answers it
    /// as refused by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<interstate_schemas::StepRef>,
}

/// The id of the message at this place among those of one decision. It follows from the decision's time and
/// command, so that a repeat sends the same message and a story finds who sent a command.
pub fn message_id(decided: Timestamp, cause: CommandId, index: u32) -> CommandId {
    let millis = u64::try_from(decided.as_millisecond()).unwrap_or(0);
    let cause = cause.ulid().0.to_be_bytes();
    CommandId::derive(millis, &[b"message", &cause, &index.to_be_bytes()])
}

/// The id of the command by which the effect of this name answers an event. It follows from the two, so that an
/// answer that is given twice is one command and a story finds the event that was answered.
pub fn answer_id(effect: &str, event: EventId) -> CommandId {
    CommandId::derive(0, &[effect.as_bytes(), &event.ulid().0.to_be_bytes()])
}

impl Message {
    /// A typed command to the aggregate of this id.
    pub fn to<C: AddressedCommand>(id: impl fmt::Display, command: &C) -> Self {
        Self {
            to: Address {
                service: Cow::Borrowed(C::SERVICE),
                aggregate: Cow::Borrowed(C::AGGREGATE),
                id: id.to_string(),
            },
            payload: crate::encode_json(command),
            step: None,
        }
    }

    /// The same as a request that belongs to a saga's step.
    #[must_use]
    pub fn for_step(mut self, step: interstate_schemas::StepRef) -> Self {
        self.step = Some(step);
        self
    }

    /// An answer to whoever runs the saga that this step belongs to.
    pub fn answer<T: Serialize>(
        step: &interstate_schemas::StepRef,
        outcome: interstate_schemas::StepOutcome<T>,
    ) -> Self {
        #[derive(Serialize)]
        enum Answer<T> {
            Step(interstate_schemas::StepReply<T>),
        }
        let reply = interstate_schemas::StepReply {
            step: step.step.clone(),
            run: step.run,
            outcome,
        };
        Self {
            to: step.to.clone(),
            payload: crate::encode_json(&Answer::Step(reply)),
            step: None,
        }
    }
}

/// Bytes as one MessagePack `bin`, not as an array of numbers.
pub(crate) mod bytes_as_bin {
    use serde::{Deserializer, Serializer, de::Visitor};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(bytes)
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
