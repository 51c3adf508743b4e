//! What every service of a process stands on.

use super::{StartError, waiting::opened};
use crate::audit::At;
use aide::axum::ApiRouter;
use axum::middleware;
use interstate_auth::{AccessTokens, Gateway, Guard, Limits, Policy, Row, WallClock};
use interstate_config::{Databases, Relational};
use interstate_eventing::{
    Service,
    projection::{ConsumerKind, ConsumerStatus, Consumers, Follow, ReadPosition},
    runtime::{Commands, Env, MachineClock},
    sealed::KeyRing,
};
use interstate_http::{Api, ErrorCode, Rate, Readiness, Shutdown, Streams};
use interstate_jobs::{Jobs, Standing};
use interstate_live::Live;
use interstate_log::Topic;
use interstate_stores::{
    ParkedNote, Sqlite, SqliteError, StoredModel,
    postgres::{OpenError, Postgres},
};
use interstate_telemetry::{GateFigures, Metrics};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Between two looks at what keeps a service from being ready.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Shared by the services of a process.
#[derive(Clone)]
pub struct Base {
    pub env: Env,
    pub commands: Commands,
    pub consumers: Consumers,
    pub metrics: Metrics,
    /// What services think of their stores.
    pub gates: GateFigures,
    pub tokens: AccessTokens,
    /// What instances know of each other at once.
    pub live: Live,
    pub streams: Streams,
    pub shutdown: Shutdown,
    /// Ends what runs behind the edges: what they have taken is waited for first.
    pub idle: Shutdown,
    pub data_dir: PathBuf,
    /// Where read models live.
    pub databases: Databases,
    /// What all instances have in common.
    pub keys_dir: PathBuf,
    pub models: ReadModels,
    /// The queues of jobs that processes share.
    pub queues: Queues,
    /// Everybody's keys: one ring, so that a key that is destroyed is gone for all of the process.
    pub keys: Arc<dyn KeyRing>,
    /// What one signed-in user may send to a service.
    pub per_user: Option<Rate>,
    /// The gateway in front, which may say who calls.
    pub gateway: Option<Gateway>,
}

/// The read models of a process, to rebuild and to look into.
#[derive(Clone, Default)]
pub struct ReadModels {
    all: Arc<Mutex<BTreeMap<String, Arc<dyn Rebuildable>>>>,
    guests: Arc<Mutex<Vec<Guest>>>,
}

/// The queues of a process, by whose jobs they carry.
#[derive(Clone, Default)]
pub struct Queues(Arc<Mutex<Vec<(&'static str, Arc<dyn Jobs>)>>>);

impl Queues {
    pub fn add(&self, service: &'static str, jobs: Arc<dyn Jobs>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((service, jobs));
    }

    pub fn standings(&self) -> Vec<(&'static str, Standing)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(service, jobs)| (*service, jobs.standing()))
            .collect()
    }
}

/// A read model of one service that follows another one's events: it may be late without that one being less ready.
#[derive(Clone)]
struct Guest {
    model: String,
    owner: &'static str,
    of: &'static str,
    partitions: u32,
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

    fn guests(&self) -> Vec<Guest> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// A service's file of read models, in this folder or in the data folder.
    pub async fn sqlite(&self, service: &str, folder: Option<&Path>) -> Result<Sqlite, StartError> {
        let folder = folder.unwrap_or(&self.data_dir);
        std::fs::create_dir_all(folder).map_err(|source| StartError::Io {
            what: format!("the folder of the read models, {}", folder.display()),
            source,
        })?;
        Ok(Sqlite::open(folder.join(format!("{service}.db"))).await?)
    }

    /// What a service keeps in tables, opened in the first store of `DB_CONNECTION` that has some: in a file of its own,
    /// or in a server's database.
    pub async fn tables<T>(
        &self,
        service: &'static str,
        file: impl AsyncFn(&Sqlite) -> Result<T, SqliteError>,
        server: impl AsyncFn(&Postgres) -> Result<T, OpenError>,
    ) -> Result<T, StartError> {
        match self.databases.relational() {
            Some(Relational::Sqlite(folder)) => Ok(file(&self.sqlite(service, folder).await?).await?),
            Some(Relational::Postgres(url)) => {
                let open = async || {
                    let database = Postgres::open(url.expose(), service).await?;
                    Ok((server(&database).await?, database))
                };
                let (tables, database) = opened(open, OpenError::is_away).await?;
                self.gates.show(database.gate(), service, "postgres");
                Ok(tables)
            }
            None => Err(StartError::NoStore {
                service,
                speaks: "PostgreSQL or SQLite",
            }),
        }
    }

    /// Keeps a read model up to date from here on.
    pub fn project(&self, model: Arc<dyn StoredModel>, service: &Service) -> ReadPosition {
        let follow = Follow {
            log: self.env.log.clone(),
            clock: self.env.clock.clone(),
            consumers: self.consumers.clone(),
        };
        let (position, runners) = follow.projection(model.clone(), service.name(), service.partition_count());
        for runner in runners {
            self.spawn(runner.run());
        }
        self.rebuildable(model, service);
        position
    }

    /// The same for a read model that its owner makes of another service's events.
    pub fn project_for(&self, owner: &Service, model: Arc<dyn StoredModel>, of: &Service) -> ReadPosition {
        let guest = Guest {
            model: model.name().to_owned(),
            owner: owner.name(),
            of: of.name(),
            partitions: of.partition_count(),
        };
        let guests = &self.models.guests;
        guests.lock().unwrap_or_else(PoisonError::into_inner).push(guest);
        self.project(model, of)
    }

    /// Lets the operator rebuild a read model that something else keeps up to date.
    pub fn rebuildable(&self, model: Arc<dyn StoredModel>, service: &Service) {
        let name = model.name().to_owned();
        let live = super::rebuild::Live::new(self.env.log.clone(), self.consumers.clone(), model, service);
        self.models.add(&name, Arc::new(live));
    }

    /// Runs until the process stops.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let idle = self.idle.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = idle.cancelled() => {}
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
        let guard = Guard::behind(
            self.gateway.clone(),
            self.tokens.clone(),
            policy.clone(),
            self.wall_clock(),
            Limits::new(&self.live, service.name(), self.per_user),
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
        let live = self.live.clone();
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
                // A server that is away is no reason: each process then goes on by itself. One that a person has to
                // mend is, because nobody else would be told.
                match live.misconfigured() {
                    None => kept.clear("live data"),
                    Some(why) => kept.block("live data", why.to_string()),
                }
                env.clock.sleep(LOOK_AGAIN).await;
            }
        });
        readiness
    }

    /// Waits until the read models of a service have what stood in the log before: a process that joins others
    /// must not answer out of an empty store.
    async fn catch_up(&self, owner: &Service, readiness: &Readiness) {
        let mut follows = BTreeMap::from([(owner.name(), owner.partition_count())]);
        let guests = self.models.guests();
        let own = guests.iter().filter(|guest| guest.owner == owner.name());
        follows.extend(own.map(|guest| (guest.of, guest.partitions)));
        let sources = follows
            .into_iter()
            .flat_map(|(of, partitions)| (0..partitions).map(move |index| (of, index)));
        for (of, index) in sources {
            let topic = Topic::events(of);
            let end = loop {
                match self.env.log.end(&topic, index).await {
                    Ok(end) => break end,
                    Err(error) => readiness.block("read models", error.to_string()),
                }
                self.env.clock.sleep(LOOK_AGAIN).await;
            };
            while let Some(late) = self.behind(owner.name(), &guests, (of, index), end) {
                readiness.block("read models", late);
                self.env.clock.sleep(LOOK_AGAIN).await;
            }
        }
        readiness.clear("read models");
    }

    /// A read model of this owner that has not come to this offset, and why.
    fn behind(&self, owner: &str, guests: &[Guest], source: (&str, u32), end: u64) -> Option<String> {
        let late = |consumer: &ConsumerStatus| {
            let guest = guests.iter().find(|guest| guest.model == consumer.name);
            consumer.kind == ConsumerKind::Projection
                && guest.map_or(&*consumer.source.service, |guest| guest.owner) == owner
                && (&*consumer.source.service, consumer.source.index) == source
                && consumer.next < end
        };
        let found = self.consumers.status().into_iter().find(late)?;
        let why = found.error.map(|why| format!(": {why}")).unwrap_or_default();
        Some(format!("{} has not caught up yet{why}", found.name))
    }
}
