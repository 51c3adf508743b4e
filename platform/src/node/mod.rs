//! A process of the platform: services on a log, behind their edges.

mod analytics;
mod base;
mod booking;
mod driver;
pub(crate) mod edges;
mod figures;
mod location;
mod operator;
mod payment;
pub(crate) mod questions;
mod rebuild;
mod user;
mod waiting;

pub use base::Base;
pub use edges::{Edges, usual_port};
pub(crate) use payment::QUEUE as JOBS;

use crate::{clock_file::ClockFileError, operator as operator_door};
use base::{Queues, ReadModels};
use figures::Counters;
use interstate_auth::{
    AccessTokens, Gateway, KeyFileError, Keys, PasswordError, PolicyError, load_or_create,
};
use interstate_booking::{ports::RouteFinder, remote::RemoteRoutes};
use interstate_buckets::BucketError;
use interstate_config::{
    Broker, Common, EventLog, KafkaProperties, Provider, SnapshotPlace, SnapshotSettings,
};
use interstate_driver::{ports::LiveFixes, remote::RemoteFixes};
use interstate_eventing::{
    Service, Topology,
    projection::Consumers,
    runtime::{Commands, Env, Host, TokioSpawn},
    sealed::{FileKeyRing, KeyError},
    snapshot::{SnapshotError, Snapshots},
    store::{FjallCaches, StoreError},
};
use interstate_http::{Api, Rate, ServeError, Shutdown, Streams};
use interstate_live::{Live, LiveError};
use interstate_location::{ports::BookedTrips, remote::RemoteBookings};
use interstate_log::{
    Log, LogError,
    embedded::{EmbeddedLog, Options},
    kafka::{self, KafkaLog},
};
use interstate_stores::{SqliteError, mongo::MongoError, postgres::OpenError};
use interstate_telemetry::{GateFigures, Metrics};
use questions::Others;
use std::{io, path::PathBuf, sync::Arc, time::Instant};

/// Live streams that one process serves at a time.
const STREAMS: usize = 5_000;

/// Why a process did not start. Nothing of it runs.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log.
    #[error("the log: {0}")]
    Log(#[from] LogError),
    /// The clock's file in the folder of keys.
    #[error(transparent)]
    Clock(#[from] ClockFileError),
    /// A file of read models.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// A server of read models.
    #[error(transparent)]
    Postgres(#[from] OpenError),
    /// The MongoDB server of read models.
    #[error(transparent)]
    Mongo(#[from] MongoError),
    /// The Redis server of live data.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// A key in the data folder.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The keys of personal data.
    #[error("the keys of personal data: {0}")]
    Sealed(#[from] KeyError),
    /// The state caches.
    #[error(transparent)]
    Cache(#[from] StoreError),
    /// Where copies of the state caches are kept.
    #[error(transparent)]
    Snapshots(#[from] SnapshotError),
    /// The bucket where they are kept.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// Two rows of a policy disagree.
    #[error("the policy: {0}")]
    Policy(#[from] PolicyError),
    /// The password hash cannot be set up.
    #[error("password hashing: {0}")]
    Password(#[from] PasswordError),
    /// A port is taken.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A folder or socket.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A service of this name does not exist.
    #[error("there is no service `{0}`; there are user, booking, location, driver, payment and analytics")]
    NoSuchService(String),
    /// A certificate of questions between services.
    #[error(transparent)]
    Certificate(interstate_grpc::TlsError),
    /// A service would ask one that is neither in this process nor addressed.
    #[error(
        "{} asks {}, which does not run in this process: run both, or say where it answers, e.g. {}", .0.service, .0.asks, .0.example()
    )]
    Unanswered(questions::Unanswered),
    /// None of the stores that are named speaks a service's language.
    #[error(
        "the service {service} keeps its read models in {speaks}, and DB_CONNECTION names none of them; \
         add one, or `sqlite:` for files in the data folder"
    )]
    NoStore {
        /// Which.
        service: &'static str,
        /// `PostgreSQL or SQLite`.
        speaks: &'static str,
    },
    /// A service could not be put together.
    #[error("the service {service}: {why}")]
    Service {
        /// Which.
        service: &'static str,
        /// Why.
        why: String,
    },
    /// Payment was asked for without a provider.
    #[error("payment needs a provider: set PAYMENT_PROVIDER_URL and PAYMENT_WEBHOOK_SECRET")]
    NoProvider,
}

/// What a process is told.
pub struct Settings {
    /// What every process has.
    pub common: Common,
    /// Where payments are made.
    pub provider: Option<Provider>,
    /// The services to host; all where it is empty.
    pub services: Vec<String>,
    /// Whether the one service has a single port of its own, instead of one beside the process's.
    pub alone: bool,
    /// Faster password hashes, for demonstrations and measurements on one machine.
    pub demonstration: bool,
}

/// A running process.
pub struct Node {
    /// What its services stand on.
    pub base: Base,
    /// When it started.
    pub started: Instant,
    /// Signs up the first staff.
    pub accounts: Option<interstate_user::api::Accounts>,
    operator: Arc<operator::Operator>,
    edges: Edges,
    others: Others,
    host: Host,
}

impl Node {
    /// Starts what the settings say, and returns once it answers.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let common = &settings.common;
        let started = Instant::now();
        let all = crate::catalogue::services();
        let hosted = chosen(&all, &settings.services)?;
        let has = |name: &str| hosted.iter().any(|service| service.name() == name);
        if has("payment") && settings.provider.is_none() {
            return Err(StartError::NoProvider);
        }
        let names: Vec<&str> = hosted.iter().map(Service::name).collect();
        if let Some(one) = questions::unanswered(&names, &common.grpc).first() {
            return Err(StartError::Unanswered(*one));
        }
        let dir = common.data_dir.clone();
        for (what, dir) in [("data", &dir), ("keys", &common.keys_dir)] {
            std::fs::create_dir_all(dir).map_err(|source| StartError::Io {
                what: format!("the folder of the {what}, {}", dir.display()),
                source,
            })?;
        }
        let base = Self::base(common, &all).await?;
        let host = Host::start(&base.env, hosted.clone()).await?;

        let mut apis: Vec<Api> = Vec::new();
        let mut accounts = None;
        let mut others = Others::new(&base, common)?;
        let location = has("location")
            .then(|| location::Location::open(&base.live))
            .transpose()?;
        if has("user") {
            let (api, ready) = user::start(&base, settings.demonstration).await?;
            apis.push(api);
            accounts = Some(ready);
        }
        let (mut history, mut payments) = (None, None);
        if has("booking") {
            let routes: Arc<dyn RouteFinder> = match &location {
                Some(here) => Arc::new(here.clone()),
                None => Arc::new(RemoteRoutes::new(others.client("booking", "location"))),
            };
            let (api, found) = booking::start(&base, routes).await?;
            let address = questions::address(common, "booking", settings.alone);
            let asked = booking::asked(found.clone());
            others.answer(&base, address, asked, api.readiness()).await?;
            apis.push(api);
            history = Some(found);
        }
        if let Some(location) = &location {
            let bookings: Arc<dyn BookedTrips> = match &history {
                Some(here) => Arc::new(location::Booked(here.clone())),
                None => Arc::new(RemoteBookings::new(others.client("location", "booking"))),
            };
            let api = location.start(&base, bookings).await?;
            let address = questions::address(common, "location", settings.alone);
            others
                .answer(&base, address, location.asked(&base), api.readiness())
                .await?;
            apis.push(api);
        }
        if has("driver") {
            let fixes: Arc<dyn LiveFixes> = match &location {
                Some(here) => Arc::new(here.clone()),
                None => Arc::new(RemoteFixes::new(others.client("driver", "location"))),
            };
            apis.push(driver::start(&base, fixes).await?);
        }
        if let Some(provider) = settings.provider.as_ref().filter(|_| has("payment")) {
            let (api, reads) = payment::start(&base, provider, common.rabbitmq.as_ref()).await?;
            apis.push(api);
            payments = Some(reads);
        }
        if has("analytics") {
            apis.push(analytics::start(&base, common.clickhouse.as_ref()).await?);
        }
        let key = operator_door::key(&dir)?;
        let operator = Arc::new(operator::Operator::new(
            base.clone(),
            started,
            history,
            payments,
            accounts.clone(),
        ));
        let door = operator_door::router(operator.clone(), key);
        let edges = Edges::open(&base, common, apis, door, settings.alone).await?;
        Ok(Self {
            base,
            started,
            accounts,
            operator,
            edges,
            others,
            host,
        })
    }

    async fn base(common: &Common, all: &[Service]) -> Result<Base, StartError> {
        let dir: PathBuf = common.data_dir.clone();
        let log: Arc<dyn Log> = match &common.event_log {
            EventLog::Embedded => Arc::new(EmbeddedLog::open(Options::new(dir.join("log")))?),
            EventLog::Kafka(brokers) => {
                Arc::new(KafkaLog::new(kafka_options(brokers, &common.kafka_properties))?)
            }
        };
        let clock = Arc::new(crate::clock_file::open(&common.keys_dir, common.clock_factor)?);
        let caches = Arc::new(FjallCaches::open(&dir.join("cache"))?);
        let instance = format!("{}-{:08x}", std::process::id(), rand::random::<u32>());
        let metrics = Metrics::new();
        let live = Live::open(&common.cache, &metrics).await?;
        let mut env = Env::new(
            log,
            clock,
            Arc::new(TokioSpawn),
            caches,
            instance,
            Topology::of(all),
        );
        env.snapshots = snapshots(&common.snapshots)?;
        env.meter = Arc::new(Counters::new(&metrics, all));
        let consumers = Consumers::default();
        figures::look_up(&metrics, &env, &consumers);
        let keys = match &common.jwt_secret {
            Some(secret) => Keys::shared_secret(secret.expose()),
            None => Keys::in_folder(&common.keys_dir, &mut rand::rng())?,
        };
        let master = load_or_create(&common.keys_dir.join("personal-data.key"), &mut rand::rng())?;
        let shutdown = Shutdown::new();
        Ok(Base {
            commands: Commands::new(env.clone()),
            env,
            consumers,
            gates: GateFigures::new(&metrics),
            metrics,
            tokens: AccessTokens::new(keys),
            live,
            streams: Streams::new(STREAMS, shutdown.clone()),
            shutdown,
            idle: Shutdown::new(),
            data_dir: dir,
            databases: common.databases.clone(),
            keys_dir: common.keys_dir.clone(),
            models: ReadModels::default(),
            queues: Queues::default(),
            keys: Arc::new(FileKeyRing::open(&common.keys_dir.join("keys"), master)?),
            per_user: common.rate_per_user.map(rate),
            gateway: common
                .gateway_secret
                .as_ref()
                .map(|secret| Gateway::new(secret.expose())),
        })
    }

    /// Where all APIs are served.
    pub fn address(&self) -> std::net::SocketAddr {
        self.edges.main()
    }

    /// Where each service is served by itself.
    pub fn services(&self) -> &[(String, std::net::SocketAddr)] {
        self.edges.services()
    }

    /// Where other processes ask the services of this one.
    pub fn asked_at(&self) -> &[(&'static str, std::net::SocketAddr)] {
        self.others.addresses()
    }

    /// The figures of this moment.
    pub async fn status(&self) -> operator_door::Status {
        self.operator.figures().await
    }

    /// Finishes what is held, and ends: first the edges, then the projections and effects that their requests wait for,
    /// and last the partitions.
    pub async fn stop(self) {
        self.base.shutdown.cancel();
        self.edges.closed().await;
        self.others.closed().await;
        self.base.idle.cancel();
        self.host.stop().await;
    }
}

fn snapshots(settings: &SnapshotSettings) -> Result<Option<Snapshots>, StartError> {
    let place = settings.place.as_ref().map(|place| match place {
        SnapshotPlace::Folder(folder) => Ok(Snapshots::in_folder(folder, settings.every)?),
        SnapshotPlace::Bucket(bucket) => {
            Ok(Snapshots::new(interstate_buckets::open(bucket)?, settings.every))
        }
    });
    place.transpose()
}

/// So many requests a second, and twice as many at once.
fn rate(per_second: u32) -> Rate {
    Rate {
        per_second: per_second.into(),
        burst: 2.0 * f64::from(per_second),
    }
}

fn chosen(all: &[Service], names: &[String]) -> Result<Vec<Service>, StartError> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    names
        .iter()
        .map(|name| {
            let found = all.iter().find(|service| service.name() == name).cloned();
            found.ok_or_else(|| StartError::NoSuchService(name.clone()))
        })
        .collect()
}

/// How the log on these brokers is set up.
pub fn kafka_options(brokers: &[Broker], properties: &KafkaProperties) -> kafka::Options {
    let list: Vec<String> = brokers.iter().map(Broker::to_string).collect();
    let mut options = kafka::Options::new(list.join(","));
    options.client = properties.expose().collect();
    options.session_timeout = properties.session_timeout().unwrap_or(options.session_timeout);
    options
}
