//! Ids as they go over the wire. A payment's has a ULID; its operations and events are numbered within it, so that
//! they are unique without a counter of their own.

use crate::operation::OperationKind;
use serde::{Deserialize, Serialize, Serializer};
use std::{fmt, str::FromStr};
use ulid::Ulid;

/// An intent's id, `pi_` and a ULID: ordered by the time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct IntentId(pub Ulid);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pi_{}", self.0)
    }
}

impl FromStr for IntentId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ulid = text
            .strip_prefix("pi_")
            .and_then(|rest| Ulid::from_string(rest).ok());
        ulid.map(Self)
            .ok_or_else(|| "not a payment intent's id: expected `pi_` and 26 characters".to_owned())
    }
}

impl TryFrom<String> for IntentId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Serialize for IntentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An operation's id: `re_…` for a refund, `op_…` for the others.
#[derive(Debug, Clone, Copy)]
pub struct OperationId {
    /// The payment.
    pub intent: IntentId,
    /// What was asked.
    pub kind: OperationKind,
    /// Its place among the payment's operations.
    pub number: u32,
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.kind == OperationKind::Refund {
            "re"
        } else {
            "op"
        };
        write!(f, "{prefix}_{}_{}", self.intent.0, self.number)
    }
}

impl Serialize for OperationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An event's id: the payment and the event's place in its sequence, hence unique without a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId {
    /// The payment.
    pub intent: IntentId,
    /// The payment's events are numbered from 1.
    pub sequence: u32,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{}_{}", self.intent.0, self.sequence)
    }
}
