//! The facts of one service's events, as their runners see them.

use super::{
    ClickHouse, ClickHouseError,
    block::Block,
    ledger::{Bounds, Ledger, Role},
    look::Look,
    mend::mend,
    parked, rebuild,
};
use async_trait::async_trait;
use interstate_eventing::{
    Event,
    projection::{Applied, Parked, Position, ReadModel, Retried, StoreFailure},
};
use interstate_log::{Log, PartitionId};
use interstate_schemas::Timestamp;
use interstate_stores::{Comparison, ParkedNote, RebuildError, Replay, StoredModel};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Mutex as AsyncMutex;

/// How long a block is its announcer's alone; then that one counts as dead.
const ITS_ANNOUNCERS: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Each insert makes a part of a table, which the server has to merge: few events wait for more.
const LINGERS: Duration = Duration::from_secs(1);

/// Subjects whose events are parked, of one partition.
type Waiting = Arc<AsyncMutex<HashSet<String>>>;

/// The facts of one service's events in a database. Clones share it.
#[derive(Clone)]
pub struct ClickHouseFacts {
    pub(super) ledger: Ledger,
    log: Arc<dyn Log>,
    /// A partition is held while its events are taken up.
    partitions: Arc<Mutex<HashMap<u32, Waiting>>>,
    /// One of them mends for all.
    pub(super) mending: Arc<AsyncMutex<()>>,
}

/// The model of a service's events; the names are in positions and tokens.
pub(super) fn model_of(service: &str) -> &'static str {
    match service {
        "user" => "analytics-user",
        "booking" => "analytics-booking",
        "location" => "analytics-location",
        "driver" => "analytics-driver",
        "payment" => "analytics-payment",
        _ => "analytics-other",
    }
}

impl ClickHouseFacts {
    /// The facts of this service's events, which stand in this log: a block that was under way when a process ended
    /// is read there again.
    pub fn new(db: &ClickHouse, service: &str, log: Arc<dyn Log>) -> Self {
        Self {
            ledger: Ledger {
                db: db.clone(),
                model: model_of(service),
                role: Role::Follower,
            },
            log,
            partitions: Arc::default(),
            mending: Arc::default(),
        }
    }

    /// The same with another ledger, as another process would have it.
    pub(super) fn with(&self, ledger: Ledger) -> Self {
        Self {
            ledger,
            log: self.log.clone(),
            partitions: Arc::default(),
            mending: Arc::default(),
        }
    }

    pub(super) fn db(&self) -> &ClickHouse {
        &self.ledger.db
    }

    pub(super) fn partition(&self, source: &PartitionId) -> Waiting {
        let mut all = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(source.index).or_default().clone()
    }

    fn failure(&self, what: impl Into<String>) -> impl FnOnce(ClickHouseError) -> StoreFailure {
        let (model, what) = (self.ledger.model.to_owned(), what.into());
        move |error| StoreFailure {
            model,
            what,
            why: error.to_string(),
        }
    }

    /// Behind what is settled, after a block that was under way has been.
    pub(super) async fn stand(
        &self,
        source: &PartitionId,
        waiting: &mut HashSet<String>,
    ) -> Result<Position, ClickHouseError> {
        self.db().ready().await?;
        let mut at = self.ledger.position(source).await?;
        while let Some(found) = self.ledger.announced(source, at.sequence + 1).await? {
            self.ledger.wait_out().await?;
            let settled = self.left_to_its_announcer(source, at).await?;
            if settled != at {
                at = settled;
                continue;
            }
            let taken_up = match (found.outlived_server, &self.ledger.role) {
                (true, Role::Follower) => mend(self, source).await,
                (true, Role::Beside | Role::Caller { replaces: false, .. }) => return Err(self.begun_again()),
                _ => self.insert_again(source, at, &found.bounds, waiting).await,
            };
            match taken_up {
                // Or somebody was faster, a standstill has begun, or this process stood still for too long.
                Ok(()) | Err(ClickHouseError::Overtaken) => at = self.ledger.position(source).await?,
                Err(error) => return Err(error),
            }
        }
        let parked = parked::subjects(self.db(), self.ledger.model, source, u64::MAX).await?;
        *waiting = parked.into_iter().collect();
        Ok(at)
    }

    fn begun_again(&self) -> ClickHouseError {
        ClickHouseError::Failed {
            at: self.db().at.to_string(),
            what: "keep all that was done meanwhile".to_owned(),
            why: "it has ended and begun again: do it again".to_owned(),
        }
    }

    /// Another process may be about to settle the block behind `at`: what it inserts need not be inserted twice.
    async fn left_to_its_announcer(
        &self,
        source: &PartitionId,
        at: Position,
    ) -> Result<Position, ClickHouseError> {
        let since = Instant::now();
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let found = self.ledger.position(source).await?;
            if found != at || since.elapsed() > ITS_ANNOUNCERS {
                return Ok(found);
            }
        }
    }

    /// Takes up what somebody has announced behind `at`.
    async fn insert_again(
        &self,
        source: &PartitionId,
        at: Position,
        bounds: &Bounds,
        waiting: &mut HashSet<String>,
    ) -> Result<(), ClickHouseError> {
        let events = self.read_again(source, at, bounds, waiting).await?;
        // After all that it is made from was read.
        let look = self.ledger.look(source, bounds).await?;
        tracing::info!(model = self.ledger.model, %source, first = bounds.first, last = bounds.to.sequence,
            "a block that was under way is inserted again");
        self.insert(source, &events, bounds, look, waiting).await?;
        Ok(())
    }

    /// The events of a block behind `at`. What was parked before the block, and not by it, is `waiting` then: its rows are
    /// made as they were made first.
    pub(super) async fn read_again(
        &self,
        source: &PartitionId,
        at: Position,
        bounds: &Bounds,
        waiting: &mut HashSet<String>,
    ) -> Result<Vec<Event>, ClickHouseError> {
        let parked = parked::subjects(self.db(), self.ledger.model, source, bounds.first).await?;
        *waiting = parked.into_iter().collect();
        let failed = |error: RebuildError| ClickHouseError::Failed {
            at: self.db().at.to_string(),
            what: "have a block again that was under way".to_owned(),
            why: error.to_string(),
        };
        let mut replay = Replay::between(&*self.log, source, at, bounds.to)
            .await
            .map_err(failed)?;
        let mut all = Vec::new();
        while let Some((mut events, _)) = replay.next().await.map_err(failed)? {
            all.append(&mut events);
        }
        Ok(all)
    }

    /// The third and fourth step: rows, then the position.
    async fn insert(
        &self,
        source: &PartitionId,
        events: &[Event],
        bounds: &Bounds,
        look: Look,
        waiting: &mut HashSet<String>,
    ) -> Result<Applied, ClickHouseError> {
        let block = Block::of(self.ledger.model, events, waiting);
        let token = bounds.token(self.ledger.model, source);
        block.insert_facts(self.db(), &token, &look).await?;
        let look = if look.holds() {
            look
        } else {
            self.ledger.look(source, bounds).await?
        };
        block.insert_events(self.db(), &token, &look).await?;
        self.ledger.look_again(source, bounds).await?;
        let event_at = events.last().map_or(Timestamp::UNIX_EPOCH, |event| event.time);
        self.ledger.settle(source, bounds.to, event_at).await?;
        Ok(Applied {
            parked: block.parked.len() as u64,
            overtaken: None,
        })
    }

    pub(super) async fn take_up(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, ClickHouseError> {
        self.db().ready().await?;
        let partition = self.partition(source);
        let mut waiting = partition.lock().await;
        let Some(first) = events.first() else {
            let event_at = self.ledger.event_at(source).await?;
            self.ledger.settle(source, to, event_at).await?;
            return Ok(Applied::default());
        };
        let bounds = Bounds {
            first: first.sequence,
            to,
        };
        match self.take_block_up(source, events, &bounds, &mut waiting).await {
            // What was announced there may not be settled yet; it can be done by anybody.
            Err(ClickHouseError::Overtaken) => Ok(Applied {
                parked: 0,
                overtaken: Some(self.stand(source, &mut waiting).await?),
            }),
            taken => taken,
        }
    }

    /// All four steps.
    async fn take_block_up(
        &self,
        source: &PartitionId,
        events: &[Event],
        bounds: &Bounds,
        waiting: &mut HashSet<String>,
    ) -> Result<Applied, ClickHouseError> {
        let mut look = self.ledger.announce(source, bounds).await?;
        if !waiting.is_empty() {
            // Another process may have taken up what was parked here: its position says nothing of that.
            let parked = parked::subjects(self.db(), self.ledger.model, source, bounds.first).await?;
            *waiting = parked.into_iter().collect();
            look = self.ledger.look(source, bounds).await?;
        }
        self.insert(source, events, bounds, look, waiting).await
    }
}

#[async_trait]
impl ReadModel for ClickHouseFacts {
    fn name(&self) -> &str {
        self.ledger.model
    }

    fn lingers(&self) -> Duration {
        LINGERS
    }

    async fn position(&self, source: &PartitionId) -> Result<Position, StoreFailure> {
        let partition = self.partition(source);
        let mut waiting = partition.lock().await;
        let stood = self.stand(source, &mut waiting).await;
        stood.map_err(self.failure("read its position"))
    }

    async fn apply(
        &self,
        source: &PartitionId,
        events: &[Event],
        to: Position,
    ) -> Result<Applied, StoreFailure> {
        let taken = self.take_up(source, events, to).await;
        taken.map_err(self.failure(format!("take {} events of {source} up", events.len())))
    }

    async fn parked(&self, source: &PartitionId) -> Result<Vec<Parked>, StoreFailure> {
        let failed = "list what is parked";
        let rows = parked::of(self.db(), self.ledger.model, source, 0, u64::MAX).await;
        let rows = rows.map_err(self.failure(failed))?;
        let parked: Result<Vec<Parked>, _> = rows.iter().map(parked::ParkedRow::parked).collect();
        parked.map_err(|error| StoreFailure {
            model: self.ledger.model.to_owned(),
            what: failed.to_owned(),
            why: error.to_string(),
        })
    }

    async fn parked_count(&self, source: &PartitionId) -> Result<u64, StoreFailure> {
        let counted = parked::count(self.db(), self.ledger.model, source).await;
        counted.map_err(self.failure("count what is parked"))
    }

    async fn is_parked(&self, source: &PartitionId, subject: &str) -> Result<bool, StoreFailure> {
        let found = parked::subjects(self.db(), self.ledger.model, source, u64::MAX).await;
        let found = found.map_err(self.failure("say what is parked"))?;
        Ok(found.iter().any(|parked| parked == subject))
    }

    async fn retry_parked(&self, source: &PartitionId) -> Result<Retried, StoreFailure> {
        let retried = self.take_parked_up(source).await;
        retried.map_err(self.failure("take parked events up"))
    }
}

#[async_trait]
impl StoredModel for ClickHouseFacts {
    async fn parked_notes(&self, most: u32) -> Result<Vec<ParkedNote>, StoreFailure> {
        let notes = parked::notes(self.db(), self.ledger.model, most).await;
        notes.map_err(self.failure("tell what is parked"))
    }

    async fn rebuild(
        &self,
        log: &dyn Log,
        sources: &[PartitionId],
        verify: bool,
    ) -> Result<Comparison, RebuildError> {
        rebuild::rebuild(self, log, sources, verify).await
    }
}
