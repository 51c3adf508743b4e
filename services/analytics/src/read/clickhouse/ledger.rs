//! Who is where: blocks that are announced, and positions behind those that are settled.

use super::{ClickHouse, ClickHouseError, look::Look};
use clickhouse::Row;
use interstate_eventing::projection::Position;
use interstate_log::PartitionId;
use interstate_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The bounds of a block of events, and where its reader is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The sequence of its first event.
    pub first: u64,
    /// Behind its last.
    pub to: Position,
}

impl Bounds {
    /// What names this block, and no other, for ever.
    pub fn token(&self, model: &str, source: &PartitionId) -> String {
        let Self { first, to } = self;
        format!(
            "{model}/{}/{}/{first}-{}",
            source.index, to.incarnation, to.sequence
        )
    }
}

#[derive(Debug, Clone, Row, Serialize)]
struct BlockRow {
    model: String,
    partition: u32,
    incarnation: u32,
    first: u64,
    last: u64,
    next: u64,
    receipt: u64,
}

#[derive(Debug, Clone, Row, Deserialize)]
struct AnnouncedRow {
    incarnation: u32,
    first: u64,
    last: u64,
    next: u64,
    receipt: u64,
    outlived: u8,
}

/// A block that somebody has announced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announced {
    pub bounds: Bounds,
    /// Whether the server has ended since, and began again.
    pub outlived_server: bool,
}

/// So often a block is announced that the server does not hear.
const ANNOUNCED_AGAIN: u32 = 10;

#[derive(Debug, Clone, Row, Serialize, Deserialize)]
struct PositionRow {
    model: String,
    partition: u32,
    incarnation: u32,
    sequence: u64,
    next: u64,
    receipt: u64,
    event_at: i64,
}

/// How far a model is in a partition, with the time of the last event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub model: String,
    pub partition: u32,
    pub sequence: u64,
    pub event_time: Option<Timestamp>,
}

/// The ledger of one model.
#[derive(Clone)]
pub(super) struct Ledger {
    pub db: ClickHouse,
    pub model: &'static str,
    /// Whose own standstill does not stop this ledger.
    pub caller: Option<Arc<str>>,
}

impl Ledger {
    /// Behind the last block that is settled; the beginning where none is.
    pub async fn position(&self, source: &PartitionId) -> Result<Position, ClickHouseError> {
        let question = self
            .db
            .client
            .query(
                "SELECT ?fields FROM positions WHERE model = ? AND partition = ? ORDER BY receipt DESC LIMIT 1",
            )
            .bind(self.model)
            .bind(source.index);
        let found: Option<PositionRow> = self.db.first("read a position", question).await?;
        Ok(found.map_or_else(Position::default, |row| Position {
            next: row.next,
            sequence: row.sequence,
            receipt: row.receipt,
            incarnation: row.incarnation,
        }))
    }

    /// The block that was announced to begin with this event.
    pub async fn announced(
        &self,
        source: &PartitionId,
        first: u64,
    ) -> Result<Option<Announced>, ClickHouseError> {
        let question = self
            .db
            .client
            .query(
                "SELECT incarnation, first, last, next, receipt, announced_at < now64(3) - uptime() AS outlived
                 FROM blocks WHERE model = ? AND partition = ? AND first = ? LIMIT 1",
            )
            .bind(self.model)
            .bind(source.index)
            .bind(first);
        let found: Option<AnnouncedRow> = self.db.first("read an announced block", question).await?;
        Ok(found.map(|row| Announced {
            bounds: Bounds {
                first: row.first,
                to: Position {
                    next: row.next,
                    sequence: row.last,
                    receipt: row.receipt,
                    incarnation: row.incarnation,
                },
            },
            outlived_server: row.outlived != 0,
        }))
    }

    /// The partitions in which blocks were announced, of the service that this one is of.
    pub async fn sources(&self, one: &PartitionId) -> Result<Vec<PartitionId>, ClickHouseError> {
        let question = self
            .db
            .client
            .query("SELECT DISTINCT partition FROM blocks WHERE model = ? ORDER BY partition")
            .bind(self.model);
        let found: Vec<u32> = self.db.all("list the partitions", question).await?;
        let sources = found
            .into_iter()
            .map(|index| PartitionId::new(one.service.clone(), index));
        Ok(sources.collect())
    }

    /// Announces a block. Of two that begin with the same event the server keeps the first.
    ///
    /// # Errors
    /// As of [`Ledger::look`].
    pub async fn announce(&self, source: &PartitionId, bounds: &Bounds) -> Result<Look, ClickHouseError> {
        let row = BlockRow {
            model: self.model.to_owned(),
            partition: source.index,
            incarnation: bounds.to.incarnation,
            first: bounds.first,
            last: bounds.to.sequence,
            next: bounds.to.next,
            receipt: bounds.to.receipt,
        };
        let mut token = format!(
            "{}/{}/{}/{}",
            self.model, source.index, row.incarnation, row.first
        );
        for _ in 0..ANNOUNCED_AGAIN {
            self.db
                .insert("blocks", &token, std::slice::from_ref(&row))
                .await?;
            match self.look(source, bounds).await {
                // A server that was killed may know a token and not its row ([`super::mend`]): then nobody is heard,
                // and all announce again alike.
                Err(ClickHouseError::Overtaken) if self.announced(source, bounds.first).await?.is_none() => {
                    token.push_str("/again");
                }
                looked => return looked,
            }
        }
        Err(ClickHouseError::Overtaken)
    }

    /// Looks whether an announced block is to be inserted. Asked after it was announced: who calls a standstill looks
    /// for announced blocks after the call, so that one of the two sees the other.
    ///
    /// # Errors
    /// [`ClickHouseError::Overtaken`] where another block is announced there, somebody has come further already, or a
    /// standstill lasts.
    pub async fn look(&self, source: &PartitionId, bounds: &Bounds) -> Result<Look, ClickHouseError> {
        let look = Look::now();
        let (heard, position, standstill) = futures::try_join!(
            self.announced(source, bounds.first),
            self.position(source),
            self.standstill()
        )?;
        if heard.map(|found| found.bounds) != Some(*bounds)
            || position.sequence + 1 != bounds.first
            || standstill.is_some()
        {
            return Err(ClickHouseError::Overtaken);
        }
        Ok(look)
    }

    /// Moves the position. A repeat writes the same row, of which one counts.
    pub async fn settle(
        &self,
        source: &PartitionId,
        to: Position,
        event_at: Timestamp,
    ) -> Result<(), ClickHouseError> {
        let row = PositionRow {
            model: self.model.to_owned(),
            partition: source.index,
            incarnation: to.incarnation,
            sequence: to.sequence,
            next: to.next,
            receipt: to.receipt,
            event_at: event_at.as_millisecond(),
        };
        // Without a token: the table remembers none.
        self.db.insert("positions", "", &[row]).await
    }

    /// When the last event of a position happened, as it was written.
    pub async fn event_at(&self, source: &PartitionId) -> Result<Timestamp, ClickHouseError> {
        let all = standings(&self.db).await?;
        let own = all
            .into_iter()
            .find(|at| at.model == self.model && at.partition == source.index);
        Ok(own.and_then(|at| at.event_time).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

#[derive(Debug, Clone, Row, Deserialize)]
struct StandingRow {
    model: String,
    partition: u32,
    sequence: u64,
    event_at: i64,
}

/// Where all models are.
pub(super) async fn standings(db: &ClickHouse) -> Result<Vec<Standing>, ClickHouseError> {
    let question = db.client.query(
        "SELECT model, partition, argMax(sequence, receipt) AS sequence,
                toUnixTimestamp64Milli(argMax(event_at, receipt)) AS event_at
         FROM positions GROUP BY model, partition ORDER BY model, partition",
    );
    let rows: Vec<StandingRow> = db.all("say how far it is", question).await?;
    let standings = rows.into_iter().map(|row| Standing {
        event_time: (row.sequence > 0)
            .then(|| Timestamp::from_millisecond(row.event_at).ok())
            .flatten(),
        model: row.model,
        partition: row.partition,
        sequence: row.sequence,
    });
    Ok(standings.collect())
}
