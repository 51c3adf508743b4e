//! What a merchant asked for: one record an accepted request, found again by the merchant's reference.

use crate::{
    clock::UnixMillis,
    ids::{EventId, IntentId},
    intent::{EventKind, Refusal, Snapshot},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The four things that a merchant can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Open a payment.
    Authorize,
    /// Take what is held.
    Capture,
    /// Release what is held.
    Cancel,
    /// Give back what was taken.
    Refund,
}

/// One operation and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The payment that it belongs to.
    pub intent: IntentId,
    /// Its place among the payment's operations, from 0 (the authorization).
    pub number: u32,
    /// What was asked.
    pub kind: OperationKind,
    /// The merchant's own id. It is no key: a second operation with the same one is carried out as well, so that
    /// a merchant who repeats blindly sees that it has charged twice.
    pub reference: Arc<str>,
    /// The amount that was asked for, or what the whole came to.
    pub amount: u64,
    /// When it was carried out.
    pub at: UnixMillis,
    /// The payment just afterwards.
    pub after: Snapshot,
    /// Why nothing was done.
    pub refusal: Option<Refusal>,
}

/// Something that the merchant is told by webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The payment that it is about.
    pub intent: IntentId,
    /// What happened.
    pub kind: EventKind,
    /// The operation that led to it; what time does to a payment goes back to its authorization.
    pub operation: OperationKind,
    /// That operation's place among the payment's.
    pub number: u32,
    /// That operation's reference.
    pub reference: Arc<str>,
    /// That operation's amount.
    pub amount: u64,
    /// When it happened.
    pub at: UnixMillis,
    /// The payment as it was then; its sequence is the event's.
    pub after: Snapshot,
}

impl Event {
    /// The event's id.
    pub fn id(&self) -> EventId {
        EventId {
            intent: self.intent,
            sequence: self.after.sequence,
        }
    }
}
