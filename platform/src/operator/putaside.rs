//! What could not be handled and waits for a person: parked events and dead letters, with the reasons.

use super::PartitionFigures;
use interstate_eventing::envelope::Command;
use interstate_log::{Log, LogError, Topic, TopicKind};
use interstate_stores::ParkedNote;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// How many are told of each read model and partition.
pub const MOST_TOLD: u32 = 5;
/// A log that is away must not keep the other figures back.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longer reasons are cut.
const REASON: usize = 300;

/// An event that a read model has put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedEvent {
    /// The read model.
    pub read_model: String,
    /// The partition that it stands in, `booking/0`.
    pub partition: String,
    /// Its place there.
    pub sequence: u64,
    /// Its type.
    pub event_type: String,
    /// What it is about.
    pub subject: String,
    /// Why it is put aside.
    pub reason: String,
    /// Its log time.
    pub since: String,
}

/// A command that could not be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The partition that could not, `booking/0`.
    pub partition: String,
    /// Its place among that partition's dead letters.
    pub offset: u64,
    /// For which aggregate it was.
    pub to: String,
    /// Whose command it was.
    pub actor: String,
    /// Its id.
    pub command: String,
    /// Why it could not be handled.
    pub reason: String,
}

impl ParkedEvent {
    /// One of this read model.
    pub fn of(read_model: &str, note: ParkedNote) -> Self {
        Self {
            read_model: read_model.to_owned(),
            partition: note.source.to_string(),
            sequence: note.sequence,
            event_type: note.event_type,
            subject: note.subject,
            reason: cut(&note.reason),
            since: note.since,
        }
    }
}

impl fmt::Display for ParkedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            sequence,
            event_type,
            subject,
            reason,
            ..
        } = self;
        write!(f, "{partition} #{sequence} {event_type} of {subject}: {reason}")
    }
}

impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            to,
            actor,
            command,
            reason,
            ..
        } = self;
        write!(f, "{command} to {to} by {actor}: {reason}")
    }
}

/// The last dead letters of these partitions.
pub async fn dead_letters(log: &dyn Log, partitions: &[PartitionFigures]) -> Vec<DeadLetter> {
    let mut all = Vec::new();
    for figures in partitions.iter().filter(|figures| figures.dead_letters > 0) {
        let partition = &*figures.partition;
        match tokio::time::timeout(PATIENCE, last(log, partition, figures.dead_letters)).await {
            Ok(Ok(found)) => all.extend(found),
            Ok(Err(error)) => tracing::warn!(%error, partition, "dead letters cannot be read now"),
            Err(_) => tracing::warn!(partition, "dead letters cannot be read in time"),
        }
    }
    all
}

async fn last(log: &dyn Log, partition: &str, count: u64) -> Result<Vec<DeadLetter>, LogError> {
    let Some((service, index)) = partition.rsplit_once('/') else {
        return Ok(Vec::new());
    };
    let index = index.parse().unwrap_or_default();
    let topic = Topic::new(service.to_owned(), TopicKind::DeadLetters);
    let mut next = count.saturating_sub(MOST_TOLD.into());
    let mut reader = log.read(&topic, index, next).await?;
    let mut found = Vec::new();
    while next < count {
        let chunk = reader.next(MOST_TOLD as usize).await?;
        for stored in &chunk.records {
            let reason = stored.record.header_str("interstate_reason").unwrap_or_default();
            let command = Command::from_record(&stored.record)
                .ok()
                .map(|command| command.meta);
            let told = |told: Option<String>| told.unwrap_or_else(|| "unreadable".to_owned());
            found.push(DeadLetter {
                partition: partition.to_owned(),
                offset: stored.offset,
                to: told(command.as_ref().map(|meta| meta.to.to_string())),
                actor: told(command.as_ref().map(|meta| meta.actor.to_string())),
                command: told(command.as_ref().map(|meta| meta.id.to_string())),
                reason: cut(reason),
            });
        }
        next = chunk.next;
    }
    Ok(found)
}

fn cut(reason: &str) -> String {
    match reason.char_indices().nth(REASON) {
        Some((at, _)) => format!("{}…", &reason[..at]),
        None => reason.to_owned(),
    }
}
