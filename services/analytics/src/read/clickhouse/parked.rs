//! Events that could not become facts, kept whole.

use super::{ClickHouse, ClickHouseError};
use clickhouse::Row;
use interstate_eventing::{
    DecodeError,
    projection::{Parked, decode_event, encode_event},
};
use interstate_log::PartitionId;
use interstate_schemas::Timestamp;
use interstate_stores::ParkedNote;
use serde::{Deserialize, Serialize};

/// A row of `parked`. Of several of an event the highest version counts: it is parked, then gone.
#[derive(Debug, Clone, Row, Serialize, Deserialize)]
pub(super) struct ParkedRow {
    pub model: String,
    pub service: String,
    pub partition: u32,
    pub sequence: u64,
    pub subject: String,
    pub event_type: String,
    pub event: Vec<u8>,
    pub reason: String,
    pub since: i64,
    pub version: u64,
    pub gone: u8,
}

impl ParkedRow {
    /// An event that is parked.
    pub fn of(model: &str, parked: &Parked) -> Self {
        let event = &parked.event;
        Self {
            model: model.to_owned(),
            service: event.service.to_string(),
            partition: event.partition,
            sequence: event.sequence,
            subject: event.subject.clone(),
            event_type: event.event_type.to_string(),
            event: encode_event(event),
            reason: parked.reason.clone(),
            since: parked.since.as_millisecond(),
            version: 1,
            gone: 0,
        }
    }

    /// The same, taken up.
    pub fn gone(mut self) -> Self {
        self.version += 1;
        self.gone = 1;
        self.event = Vec::new();
        self
    }

    fn source(&self) -> PartitionId {
        PartitionId::new(self.service.clone(), self.partition)
    }

    /// As runners see it.
    pub fn parked(&self) -> Result<Parked, DecodeError> {
        Ok(Parked {
            event: decode_event(&self.source(), &self.event)?,
            reason: self.reason.clone(),
            since: Timestamp::from_millisecond(self.since).unwrap_or_default(),
        })
    }

    fn note(self) -> ParkedNote {
        ParkedNote {
            source: self.source(),
            sequence: self.sequence,
            event_type: self.event_type,
            subject: self.subject,
            reason: self.reason,
            since: Timestamp::from_millisecond(self.since)
                .unwrap_or_default()
                .to_string(),
        }
    }
}

/// What is parked of a partition behind an event, in order: at most so many.
pub(super) async fn of(
    db: &ClickHouse,
    model: &str,
    source: &PartitionId,
    behind: u64,
    most: u64,
) -> Result<Vec<ParkedRow>, ClickHouseError> {
    let question = db
        .client
        .query(
            "SELECT ?fields FROM parked FINAL WHERE model = ? AND partition = ? AND gone = 0 AND sequence > ?
             ORDER BY sequence LIMIT ?",
        )
        .bind(model)
        .bind(source.index)
        .bind(behind)
        .bind(most);
    db.all("list what is parked", question).await
}

/// The subjects of what is parked of a partition below a sequence.
pub(super) async fn subjects(
    db: &ClickHouse,
    model: &str,
    source: &PartitionId,
    below: u64,
) -> Result<Vec<String>, ClickHouseError> {
    let question = db
        .client
        .query(
            "SELECT DISTINCT subject FROM parked FINAL
             WHERE model = ? AND partition = ? AND gone = 0 AND sequence < ?",
        )
        .bind(model)
        .bind(source.index)
        .bind(below);
    db.all("say what is parked", question).await
}

/// How many are parked of a partition.
pub(super) async fn count(
    db: &ClickHouse,
    model: &str,
    source: &PartitionId,
) -> Result<u64, ClickHouseError> {
    let question = db
        .client
        .query("SELECT count() FROM parked FINAL WHERE model = ? AND partition = ? AND gone = 0")
        .bind(model)
        .bind(source.index);
    Ok(db.first("count what is parked", question).await?.unwrap_or(0))
}

/// Some of a model, its own failures before what only waits behind them.
pub(super) async fn notes(
    db: &ClickHouse,
    model: &str,
    most: u32,
) -> Result<Vec<ParkedNote>, ClickHouseError> {
    let question = db
        .client
        .query(
            "SELECT ?fields FROM parked FINAL WHERE model = ? AND gone = 0
             ORDER BY reason = ?, since, partition, sequence LIMIT ?",
        )
        .bind(model)
        .bind(Parked::BEHIND)
        .bind(most);
    let rows: Vec<ParkedRow> = db.all("tell what is parked", question).await?;
    Ok(rows.into_iter().map(ParkedRow::note).collect())
}
