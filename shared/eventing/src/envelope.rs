//! CloudEvents 1.0 in Kafka's binary mode: what stands around a payload in the log.

use crate::{DecodeError, message::Address};
use bytes::Bytes;
use interstate_log::{Header, Record};
use interstate_schemas::{Actor, CommandId, EventId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    fmt::{self, Write},
    ops::Range,
};

/// The type of a receipt, the control record that closes a batch.
pub const RECEIPT_TYPE: &str = "interstate.receipt.v1";
/// The header that carries a command's [`CommandMeta`].
const META: &str = "interstate_command";

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Derived from its command's id, so that the same command makes the same event.
    pub id: EventId,
    /// The service whose log it stands in.
    pub service: Cow<'static, str>,
    /// Its partition.
    pub partition: u32,
    /// Its place in the partition's dense count, from 1.
    pub sequence: u64,
    /// The kind of aggregate.
    pub aggregate: Cow<'static, str>,
    /// The aggregate's id.
    pub subject: String,
    /// Its place among the events of its aggregate, from 1.
    pub version: u64,
    /// `booking.confirmed.v1`.
    pub event_type: Cow<'static, str>,
    /// Log time.
    pub time: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The first command of the story that it belongs to.
    pub correlation: CommandId,
    /// The command that it was decided on.
    pub causation: CommandId,
    /// The W3C trace context of the request behind it.
    pub trace: Option<String>,
    /// JSON.
    pub payload: Bytes,
}

impl Event {
    /// Its payload, of whatever version it was written in.
    pub fn decode<E: crate::DomainEvent>(&self) -> Result<E, DecodeError> {
        E::decode(&self.event_type, &self.payload)
    }

    /// As a record of `S.events`.
    pub fn to_record(&self) -> Record {
        let mut texts = Texts::default();
        texts.put("ce_specversion", "1.0");
        texts.write("ce_id", self.id);
        texts.write("ce_source", format_args!("/{}/{}", self.service, self.partition));
        texts.put("ce_type", &self.event_type);
        texts.put("ce_subject", &self.subject);
        texts.write("ce_time", self.time);
        texts.write("ce_sequence", self.sequence);
        texts.put("ce_aggregate", &self.aggregate);
        texts.write("ce_aggregateversion", self.version);
        texts.write("ce_correlationid", self.correlation);
        texts.write("ce_causationid", self.causation);
        texts.write("ce_actor", &self.actor);
        texts.put("content-type", "application/json");
        if let Some(trace) = &self.trace {
            texts.put("traceparent", trace);
        }
        let headers = texts.headers();
        let subject = headers.iter().find(|(name, _)| name == "ce_subject");
        Record {
            key: subject.map(|(_, text)| text.clone()).unwrap_or_default(),
            headers,
            payload: self.payload.clone(),
        }
    }

    pub fn from_record(
        service: Cow<'static, str>,
        partition: u32,
        record: &Record,
    ) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(record, "ce_id")?,
            service,
            partition,
            sequence: parsed(record, "ce_sequence")?,
            aggregate: header(record, "ce_aggregate")?.to_owned().into(),
            subject: header(record, "ce_subject")?.to_owned(),
            version: parsed(record, "ce_aggregateversion")?,
            event_type: header(record, "ce_type")?.to_owned().into(),
            time: parsed(record, "ce_time")?,
            actor: parsed(record, "ce_actor")?,
            correlation: parsed(record, "ce_correlationid")?,
            causation: parsed(record, "ce_causationid")?,
            trace: record.header_str("traceparent").map(str::to_owned),
            payload: record.payload.clone(),
        })
    }
}

/// A record's headers, their texts behind each other in one buffer: an event has a dozen, and each of its own would
/// be allocated, and given back by another thread.
struct Texts {
    buffer: String,
    headers: Vec<(&'static str, Range<usize>)>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            buffer: String::with_capacity(448),
            headers: Vec::with_capacity(14),
        }
    }
}

impl Texts {
    fn put(&mut self, name: &'static str, text: &str) {
        let from = self.buffer.len();
        self.buffer.push_str(text);
        self.headers.push((name, from..self.buffer.len()));
    }

    fn write(&mut self, name: &'static str, value: impl fmt::Display) {
        let from = self.buffer.len();
        write!(self.buffer, "{value}").expect("writing to a string does not fail");
        self.headers.push((name, from..self.buffer.len()));
    }

    fn headers(self) -> Vec<Header> {
        let buffer = Bytes::from(self.buffer);
        let headers = self.headers.into_iter();
        headers
            .map(|(name, place)| (Cow::Borrowed(name), buffer.slice(place)))
            .collect()
    }
}

/// Where a command comes from; decides how its repeats are recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Origin {
    /// A request from outside: repeats carry the same id, and get the remembered reply.
    Edge {
        /// The instance that waits for the reply.
        reply_to: String,
        /// After this it is not decided any more.
        expires: Timestamp,
        /// A hash of the body: the same id with another body is refused.
        fingerprint: u64,
    },
    /// A message of another task: numbered densely on its channel.
    Task {
        /// The generation of the sender's partitions.
        incarnation: u32,
        /// The sender's service.
        service: Cow<'static, str>,
        /// The sender's partition.
        partition: u32,
        /// Its number on the channel, from 1.
        number: u64,
    },
    /// A command of a reactor: numbered by what caused it.
    Reactor {
        /// The reactor's name; another mapping is another name.
        name: Cow<'static, str>,
        /// The generation of the source's partitions.
        incarnation: u32,
        /// The service whose events it follows.
        service: Cow<'static, str>,
        /// The source partition.
        partition: u32,
        /// The event's sequence.
        sequence: u64,
        /// Which of the commands of that event, from 0.
        index: u32,
    },
    /// A message within its own partition, or a deadline.
    Local,
}

/// What stands around a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandMeta {
    /// Its id.
    pub id: CommandId,
    /// Whom it asks.
    pub to: Address,
    /// Who asks.
    #[serde(with = "actor_text")]
    #[schemars(with = "String")]
    pub actor: Actor,
    /// The first command of the story.
    pub correlation: CommandId,
    /// The W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The step of a saga that it carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<interstate_schemas::StepRef>,
}

/// A command as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What stands around it.
    pub meta: CommandMeta,
    /// JSON.
    pub payload: Bytes,
}

impl Command {
    /// As a record of `S.commands`.
    pub fn to_record(&self) -> Record {
        let meta = &self.meta;
        Record {
            key: text_of(&meta.to.id),
            headers: vec![
                ("ce_specversion".into(), Bytes::from_static(b"1.0")),
                ("ce_id".into(), text(&meta.id)),
                (
                    "ce_type".into(),
                    Bytes::from(format!("{}.{}.command.v1", meta.to.service, meta.to.aggregate)),
                ),
                (META.into(), Bytes::from(crate::encode_json(meta))),
            ],
            payload: self.payload.clone(),
        }
    }

    /// From a record of `S.commands`.
    pub fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let meta = record.header(META).ok_or_else(|| missing(META))?;
        Ok(Self {
            meta: crate::decode_json("command", meta)?,
            payload: record.payload.clone(),
        })
    }
}

fn text(value: &impl ToString) -> Bytes {
    Bytes::from(value.to_string())
}

fn text_of(value: &str) -> Bytes {
    Bytes::copy_from_slice(value.as_bytes())
}

fn missing(name: &str) -> DecodeError {
    DecodeError::Malformed {
        kind: "record".to_owned(),
        why: format!("the header {name} is missing or no text"),
    }
}

fn header<'a>(record: &'a Record, name: &'static str) -> Result<&'a str, DecodeError> {
    record.header_str(name).ok_or_else(|| missing(name))
}

fn parsed<T: std::str::FromStr>(record: &Record, name: &'static str) -> Result<T, DecodeError>
where
    T::Err: std::fmt::Display,
{
    header(record, name)?
        .parse()
        .map_err(|error| DecodeError::Malformed {
            kind: "record".to_owned(),
            why: format!("the header {name}: {error}"),
        })
}

pub(crate) mod actor_text {
    use interstate_schemas::Actor;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(actor: &Actor, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(actor)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Actor, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
