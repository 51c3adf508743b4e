//! Who is where: blocks that are announced, and positions behind those that are settled.

use super::{ClickHouse, ClickHouseError, look::Look};
use clickhouse::Row;
use interstate_eventing::projection::Position;
use interstate_log::PartitionId;
use interstate_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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
    /// 0, 2 for sure, or [`MAYBE`].
    outlived: u8,
}

/// Announced within a second of the server's beginning, before it or after.
const MAYBE: u8 = 1;
/// How long that is asked again and again: what then still seems to be from before is. Its first announcement comes to
/// a server that runs for longer than there is between two questions.
const A_SECOND: Duration = Duration::from_millis(1100);
const ASKED_EACH: Duration = Duration::from_millis(50);

/// A block that somebody has announced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announced {
    pub bounds: Bounds,
    /// Whether the server has ended since, and began again. By its clock and by how long it says that it runs: a clock
    /// that was set back meanwhile hides it.
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

/// Whose a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// One of those who take events up.
    Follower,
    /// Who called, or will call, the standstill of this name: it does not stop them.
    Caller {
        /// The name.
        beside: Arc<str>,
        /// Whether all that is there is replaced in it, so that what it lacks does not matter.
        replaces: bool,
    },
    /// The only one who fills a database beside the live one.
    Beside,
}

/// The ledger of one model.
#[derive(Clone)]
pub(super) struct Ledger {
    pub db: ClickHouse,
    pub model: &'static str,
    pub role: Role,
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
        let mut found = self.ask_for_announced(source, first).await?;
        let asked = Instant::now();
        while found.as_ref().is_some_and(|row| row.outlived == MAYBE) && asked.elapsed() < A_SECOND {
            tokio::time::sleep(ASKED_EACH).await;
            found = self.ask_for_announced(source, first).await?;
        }
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

    /// The server says for how many seconds it runs, and leaves the rest of a second out.
    async fn ask_for_announced(
        &self,
        source: &PartitionId,
        first: u64,
    ) -> Result<Option<AnnouncedRow>, ClickHouseError> {
        let question = self
            .db
            .client
            .query(
                "WITH now64(3) - uptime() AS began
                 SELECT incarnation, first, last, next, receipt,
                     multiIf(announced_at >= began, 0, announced_at < began - 1, 2, 1) AS outlived
                 FROM blocks WHERE model = ? AND partition = ? AND first = ? LIMIT 1",
            )
            .bind(self.model)
            .bind(source.index)
            .bind(first);
        self.db.first("read an announced block", question).await
    }

    /// The numbers of the partitions in which blocks were announced.
    pub async fn partitions(&self) -> Result<Vec<u32>, ClickHouseError> {
        let question = self
            .db
            .client
            .query("SELECT DISTINCT partition FROM blocks WHERE model = ? ORDER BY partition")
            .bind(self.model);
        self.db.all("list the partitions", question).await
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
                Err(ClickHouseError::Overtaken) if self.nobody_is_heard(source, bounds.first).await? => {
                    token.push_str("/again");
                }
                looked => return looked,
            }
        }
        Err(ClickHouseError::Overtaken)
    }

    async fn nobody_is_heard(&self, source: &PartitionId, first: u64) -> Result<bool, ClickHouseError> {
        let (heard, at) = futures::try_join!(self.announced(source, first), self.position(source))?;
        Ok(heard.is_none() && at.sequence + 1 == first)
    }

    /// Looks whether an announced block is to be inserted. Asked after it was announced: who calls a standstill looks
    /// for announced blocks after the call, so that one of the two sees the other.
    ///
    /// # Errors
    /// [`ClickHouseError::Overtaken`] where another block is announced there, somebody has come further already, a
    /// standstill lasts, or the server has ended since the announcement.
    pub async fn look(&self, source: &PartitionId, bounds: &Bounds) -> Result<Look, ClickHouseError> {
        let look = Look::now();
        let (heard, position, standstill) = futures::try_join!(
            self.announced(source, bounds.first),
            self.position(source),
            self.standstill()
        )?;
        let is_heard = heard.is_some_and(|found| found.bounds == *bounds && !self.has_to_mend(&found));
        if !is_heard || position.sequence + 1 != bounds.first || standstill.is_some() {
            return Err(ClickHouseError::Overtaken);
        }
        Ok(look)
    }

    /// Whether somebody has to look for the rows of this block.
    fn has_to_mend(&self, found: &Announced) -> bool {
        found.outlived_server && !matches!(self.role, Role::Caller { replaces: true, .. })
    }

    /// Asked between a block's rows and its position: the server may have ended and begun again in between.
    ///
    /// # Errors
    /// [`ClickHouseError::Overtaken`]
    pub async fn look_again(&self, source: &PartitionId, bounds: &Bounds) -> Result<(), ClickHouseError> {
        let heard = self.announced(source, bounds.first).await?;
        let goes_on = heard.is_some_and(|found| found.bounds == *bounds && !self.has_to_mend(&found));
        goes_on.then_some(()).ok_or(ClickHouseError::Overtaken)
    }

    /// What is under way behind the position.
    pub async fn under_way(
        &self,
        source: &PartitionId,
    ) -> Result<Option<(Position, Announced)>, ClickHouseError> {
        let at = self.position(source).await?;
        let found = self.announced(source, at.sequence + 1).await?;
        Ok(found.map(|found| (at, found)))
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
