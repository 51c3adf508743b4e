//! What a step leaves behind: a batch that is not durable yet, and the answers that wait for it.

use super::cache::{Entry, Key};
use crate::receipt::{Outcome, Receipt};
use interstate_log::Record;
use interstate_schemas::{CommandId, Timestamp};
use std::collections::HashMap;

/// What the asker is told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum Verdict {
    /// Decided, now or before.
    Outcome(Outcome),
    /// The same id has been used with another body.
    OtherBody,
    /// It came after its time and was not decided.
    Expired {
        /// That time.
        at: Timestamp,
    },
    /// Too many messages of its partition wait to be sent; it was not decided.
    Overloaded,
}

/// An answer on its way to the instance that asked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Reply {
    /// The instance.
    pub to: String,
    /// The command.
    pub id: CommandId,
    /// The hash of its body: another body under the same id is another question.
    pub fingerprint: u64,
    /// What became of it.
    pub verdict: Verdict,
    /// Generation of the partitions.
    pub incarnation: u32,
    /// Reading up to here in this partition shows its effect.
    pub sequence: u64,
}

/// A decided batch that is not durable yet.
pub struct Step {
    /// Events, then the receipt.
    pub records: Vec<Record>,
    /// What closes the batch.
    pub receipt: Receipt,
    /// Commands that it used up, of those given.
    pub consumed: usize,
    pub(super) replies: Vec<Reply>,
    pub(super) overlay: HashMap<Key, Entry>,
}

impl Step {
    /// The replies, before they may be given: to count them, and for a planted bug.
    pub fn early_replies(&self) -> &[Reply] {
        &self.replies
    }
}
