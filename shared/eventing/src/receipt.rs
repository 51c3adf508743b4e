//! Receipts: the control record that closes a batch, and with the events before it rebuilds the task.

use crate::{
    DecodeError, Rejection,
    envelope::{CommandMeta, RECEIPT_TYPE},
    message::bytes_as_bin,
};
use bytes::Bytes;
use interstate_log::Record;
use interstate_schemas::{CommandId, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Why a receipt was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Occasion {
    /// A batch of commands was decided.
    Batch,
    /// A task took the partition over.
    Takeover {
        /// How often in a row that happened at this position.
        attempt: u32,
    },
    /// After a task ended at this position, its next owner is about to decide the command there: a command
    /// that kills its task is found by how often that was said in a row.
    Try,
    /// A task gave the partition up in order.
    Stop,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Outcome {
    /// Decided; the answer is JSON.
    Accepted {
        /// What the aggregate answered.
        #[serde(with = "bytes_as_bin")]
        #[schemars(with = "Vec<u8>")]
        reply: Vec<u8>,
    },
    /// A no, remembered like a yes.
    Rejected(Rejection),
    /// It could not be handled and stands in the dead letters.
    Failed {
        /// What went wrong, `command.unreadable` for instance.
        code: Cow<'static, str>,
        /// What happened.
        why: String,
    },
}

/// The outcome of a command from the edge, kept for 24 hours of log time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The command.
    pub id: CommandId,
    /// The hash of its body.
    pub fingerprint: u64,
    /// The partition's last sequence when it was decided: reading up to it shows its effect.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// One end of a channel between two partitions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel {
    /// The generation of the partitions of the sender.
    pub incarnation: u32,
    /// The service at the other end.
    pub service: Cow<'static, str>,
    /// The partition at the other end.
    pub partition: u32,
}

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Where to.
    pub channel: Channel,
    /// Its place on the channel, from 1, without gaps.
    pub number: u64,
    /// What stands around it.
    pub meta: CommandMeta,
    /// JSON.
    #[serde(with = "bytes_as_bin")]
    pub payload: Vec<u8>,
    /// A dead letter's reason: it goes to the own service's dead letters instead of another's commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<String>,
}

/// A message to an aggregate of the same partition that did not fit into its batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What stands around it.
    pub meta: CommandMeta,
    /// JSON.
    #[serde(with = "bytes_as_bin")]
    pub payload: Vec<u8>,
}

/// The place of a reactor's command among those of its source partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// The event's sequence.
    pub sequence: u64,
    /// Which of its commands.
    pub index: u32,
}

/// A reactor and the partition that it follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReactorSource {
    /// The reactor's name.
    pub name: Cow<'static, str>,
    /// The partition that it follows.
    pub channel: Channel,
}

/// A deadline that fired and left its aggregate as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ParkedDeadline {
    /// The kind of aggregate.
    pub aggregate: Cow<'static, str>,
    /// Its id.
    pub id: String,
    /// The deadline.
    pub deadline: crate::Deadline,
}

/// Closes a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Counts the partition's receipts, from 1.
    pub number: u64,
    /// The generation of the partitions.
    pub incarnation: u32,
    /// Why it was written.
    pub occasion: Occasion,
    /// The sequence of the batch's first event; `last + 1` when it has none.
    pub first: u64,
    /// The partition's last sequence after the batch.
    pub last: u64,
    /// Log time.
    pub time: Timestamp,
    /// The position reached in `S.commands`.
    pub commands: u64,
    /// What became of the commands of the edge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Remembered>,
    /// What is to be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Outgoing>,
    /// Up to which number messages are known to be durable at their target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<(Channel, u64)>,
    /// Up to which number messages have been taken from each channel, where that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub received: Vec<(Channel, u64)>,
    /// Up to which cause commands have been taken from each reactor, where that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactors: Vec<(ReactorSource, Cause)>,
    /// Messages to the own partition that are left for the next batch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// Deadlines that fired and changed nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<ParkedDeadline>,
}

impl Receipt {
    /// Whether its batch has taken no command from anybody: deadlines have fired, or what was pending is done.
    pub fn takes_nothing(&self) -> bool {
        self.outcomes.is_empty() && self.received.is_empty() && self.reactors.is_empty()
    }

    pub fn to_record(&self, key: &str) -> Record {
        Record {
            key: Bytes::copy_from_slice(key.as_bytes()),
            headers: vec![("ce_type".into(), Bytes::from_static(RECEIPT_TYPE.as_bytes()))],
            payload: Bytes::from(rmp_serde::to_vec_named(self).expect("a receipt is plain data")),
        }
    }

    pub fn from_record(record: &Record) -> Result<Option<Self>, DecodeError> {
        if record.header_str("ce_type") != Some(RECEIPT_TYPE) {
            return Ok(None);
        }
        rmp_serde::from_slice(&record.payload)
            .map(Some)
            .map_err(|error| DecodeError::Malformed {
                kind: RECEIPT_TYPE.to_owned(),
                why: error.to_string(),
            })
    }
}
