//! What is counted about commands, as a port: figures are for those who run the platform, no decision depends
//! on them.

use crate::{receipt::Outcome, task::Step, task::Verdict};
use interstate_log::{PartitionId, Stored};
use std::{collections::BTreeSet, time::Duration};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandEnd {
    /// The aggregate of an edge's command said yes.
    Accepted,
    /// It said no, or the key was used for another request before, or too much waited.
    Rejected,
    /// Its outcome was remembered.
    Repeated,
    /// It came after its expiry.
    Expired,
    /// It could not be handled and stands in the dead letters.
    Failed,
    /// Another task or a reactor sent it, and it was taken up. What a saga is told about it goes back as a message.
    Taken,
}

/// Counts. It is called on hot paths: an atomic addition, no more.
pub trait Meter: Send + Sync + 'static {
    /// A partition is done with a command; it is durable.
    fn command(&self, service: &str, aggregate: &str, end: CommandEnd);
    /// The edge of this process had an aggregate's answer after this time.
    fn answered(&self, service: &str, aggregate: &str, took: Duration);
    /// A batch became durable after this time.
    fn batch(&self, partition: &PartitionId, took: Duration);
}

/// Nobody counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unmetered;

impl Meter for Unmetered {
    fn command(&self, _: &str, _: &str, _: CommandEnd) {}
    fn answered(&self, _: &str, _: &str, _: Duration) {}
    fn batch(&self, _: &PartitionId, _: Duration) {}
}

/// Counts a committed batch with its commands: those that the edge sent, each with its reply in the same order,
/// and the messages.
pub(super) fn count(meter: &dyn Meter, id: &PartitionId, commands: &[Stored], step: &Step, took: Duration) {
    meter.batch(id, took);
    let dead: BTreeSet<String> = step
        .receipt
        .messages
        .iter()
        .filter(|message| message.dead.is_some())
        .map(|message| message.meta.id.to_string())
        .collect();
    let mut replies = step.early_replies().iter().peekable();
    let mut outcomes = step.receipt.outcomes.iter().peekable();
    for stored in commands {
        let command = stored.record.header_str("ce_id").unwrap_or_default();
        let reply = replies.next_if(|reply| reply.id.to_string() == command);
        let end = match reply {
            Some(reply) => {
                let fresh = outcomes.next_if(|known| known.id == reply.id).is_some();
                ended(&reply.verdict, fresh)
            }
            None if dead.contains(command) => CommandEnd::Failed,
            None => CommandEnd::Taken,
        };
        meter.command(&id.service, aggregate(stored), end);
    }
}

fn ended(verdict: &Verdict, fresh: bool) -> CommandEnd {
    match verdict {
        Verdict::Outcome(_) if !fresh => CommandEnd::Repeated,
        Verdict::Outcome(Outcome::Accepted { .. }) => CommandEnd::Accepted,
        Verdict::Outcome(Outcome::Rejected(_)) | Verdict::OtherBody | Verdict::Overloaded => {
            CommandEnd::Rejected
        }
        Verdict::Outcome(Outcome::Failed { .. }) => CommandEnd::Failed,
        Verdict::Expired { .. } => CommandEnd::Expired,
    }
}

/// `Booking` of `booking.Booking.command.v1`.
fn aggregate(stored: &Stored) -> &str {
    let kind = stored.record.header_str("ce_type").unwrap_or_default();
    kind.split('.').nth(1).unwrap_or_default()
}
