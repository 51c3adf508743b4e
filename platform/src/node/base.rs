//! What every service of a process stands on.

use super::StartError;
use crate::audit::At;
use aide::axum::ApiRouter;
use axum::middleware;
use interstate_auth::{AccessTokens, Guard, Policy, Row, WallClock};
use interstate_eventing::{
    Service,
    projection::{ConsumerKind, ConsumerStatus, Consumers, Follow, ReadModel, ReadPosition},
    runtime::{Commands, Env, MachineClock},
    sealed::KeyRing,
};
use interstate_http::{Api, ErrorCode, Rate, Readiness, Shutdown, Streams};
use interstate_log::Topic;
use interstate_stores::{ParkedNote, Projection, Sqlite, SqliteReadModel};
use interstate_telemetry::Metrics;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Between two looks at what keeps a service from being ready.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Shared by the services of a process.
#[derive(Clone)]
pub struct Base {
    pub env: Env,
    pub commands: Commands,
    pub consumers: Consumers,
    pub metrics: Metrics,
    pub tokens: AccessTokens,
    pub streams: Streams,
    pub shutdown: Shutdown,
    pub data_dir: PathBuf,
    /// What all instances have in common.
    pub keys_dir: PathBuf,
    pub models: ReadModels,
    /// Everybody's keys: one ring, so that a key that is destroyed is gone for all of the process.
    pub keys: Arc<dyn KeyRing>,
    /// What one signed-in user may send to a service.
    pub per_user: Option<Rate>,
}

/// The read models of a process, to rebuild and to look into.
#[derive(Clone, Default)]
pub struct ReadModels {
    all: Arc<Mutex<BTreeMap<String, Arc<dyn Rebuildable>>>>,
}

/// A read model that can be rebuilt.
#[async_trait::async_trait]
pub trait Rebuildable: Send + Sync {
    /// Rebuilds it beside the live one and compares; switches unless only asked to verify.
    async fn rebuild(&self, verify: bool) -> Result<String, String>;
    /// Where its file says that it stands, beside the log's ends.
    async fn positions(&self) -> Result<Vec<At>, String>;
    /// Some of its parked events.
    async fn parked(&self) -> Result<Vec<ParkedNote>, String>;
    /// Takes parked events up again.
    async fn retry_parked(&self) -> Result<String, String>;
}

impl ReadModels {
    pub fn get(&self, name: &str) -> Option<Arc<dyn Rebuildable>> {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    pub fn names(&self) -> Vec<String> {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect()
    }

    fn add(&self, name: &str, model: Arc<dyn Rebuildable>) {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), model);
    }
}

impl Base {
    /// The machine's time, for tokens and rate limits.
    pub fn wall_clock(&self) -> WallClock {
        Arc::new(MachineClock::machine_now)
    }

    /// A service's file of read models.
    pub async fn sqlite(&self, service: &str) -> Result<Sqlite, StartError> {
        Ok(Sqlite::open(self.data_dir.join(format!("{service}.db"))).await?)
    }

    /// Keeps a read model up to date from here on.
    pub async fn project<P: Projection>(
        &self,
        db: &Sqlite,
        projection: P,
        service: &Service,
    ) -> Result<ReadPosition, StartError> {
        let model = SqliteReadModel::open(db, projection).await?;
        let follow = Follow {
            log: self.env.log.clone(),
            clock: self.env.clock.clone(),
            consumers: self.consumers.clone(),
        };
        let shared: Arc<dyn ReadModel> = Arc::new(model.clone());
        let (position, runners) = follow.projection(shared, service.name(), service.partition_count());
        for runner in runners {
            self.spawn(runner.run());
        }
        self.rebuildable(model, service);
        Ok(position)
    }

    /// Lets the operator rebuild a read model that something else keeps up to date.
    pub fn rebuildable<P: Projection>(&self, model: SqliteReadModel<P>, service: &Service) {
        let live = super::rebuild::Live::new(self.env.log.clone(), self.consumers.clone(), model, service);
        self.models.add(P::NAME, Arc::new(live));
    }

    /// Runs until the process stops.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// A service's routes behind its table of who may call what.
    pub fn api(
        &self,
        service: &Service,
        router: ApiRouter,
        rows: &[Row],
        codes: &'static [&'static ErrorCode],
    ) -> Result<Api, StartError> {
        let policy = Policy::new(rows)?;
        let guard = Guard::new(
            self.tokens.clone(),
            policy.clone(),
            self.wall_clock(),
            self.per_user,
        );
        let guarded = router.layer(middleware::from_fn_with_state(guard, Guard::enforce));
        let metrics = self.metrics.service(service.name());
        let api = Api::new(guarded, self.readiness(service), codes, metrics);
        Ok(api
            .codes(interstate_auth::CODES)
            .describe(|doc| policy.describe(doc)))
    }

    /// A service's readiness: its read models show what stood in the log at the start, and its partitions here
    /// decide.
    fn readiness(&self, service: &Service) -> Readiness {
        let readiness = Readiness::new();
        readiness.block("read models", "starting");
        let (base, kept, of) = (self.clone(), readiness.clone(), service.clone());
        self.spawn(async move { base.catch_up(&of, &kept).await });
        readiness.block("partitions", "starting");
        let (kept, env, service) = (readiness.clone(), self.env.clone(), service.clone());
        let alone = !env.log.commands_are_durable();
        self.spawn(async move {
            loop {
                // Instances share the partitions of a durable log; alone, all of them are ours.
                let expected = if alone {
                    service.partition_count() as usize
                } else {
                    0
                };
                let blocked = env.statuses.blocked(service.name(), expected);
                if blocked.is_empty() {
                    kept.clear("partitions");
                } else {
                    kept.block("partitions", blocked.join("; "));
                }
                env.clock.sleep(LOOK_AGAIN).await;
            }
        });
        readiness
    }

    /// Waits until the read models of a service have what stood in the log before: a process that joins others
    /// must not answer out of an empty store.
    async fn catch_up(&self, service: &Service, readiness: &Readiness) {
        for index in 0..service.partition_count() {
            let topic = Topic::events(service.name());
            let end = loop {
                match self.env.log.end(&topic, index).await {
                    Ok(end) => break end,
                    Err(error) => readiness.block("read models", error.to_string()),
                }
                self.env.clock.sleep(LOOK_AGAIN).await;
            };
            while let Some(late) = self.behind(service.name(), index, end) {
                readiness.block("read models", format!("{late} has not caught up yet"));
                self.env.clock.sleep(LOOK_AGAIN).await;
            }
        }
        readiness.clear("read models");
    }

    /// A read model that has not come to this offset.
    fn behind(&self, service: &str, index: u32, end: u64) -> Option<String> {
        let late = |consumer: &ConsumerStatus| {
            consumer.kind == ConsumerKind::Projection
                && (consumer.source.service.as_ref(), consumer.source.index) == (service, index)
                && consumer.next < end
        };
        let found = self.consumers.status().into_iter().find(late)?;
        Some(found.name.into_owned())
    }
}
