//! A whole deployment on this machine: brokers, servers, a payment provider, and two instances of every service.

mod brokers;
mod instance;
mod provider;
mod server;

pub use brokers::{Brokers, NODES};
pub use instance::{Common, Instance, QUESTIONS};
pub use provider::Provider;
pub use server::Server;

use crate::{gateway::Gateway, journal::Journal};
use interstate::{
    demo,
    node::{Node, Settings},
};
use interstate_config::CommonArgs;
use std::{
    collections::BTreeMap,
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// What may go wrong before anything is attacked.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// The services.
pub const SERVICES: [&str; 6] = ["user", "booking", "location", "driver", "payment", "analytics"];
/// How many instances each has.
pub const INSTANCES: usize = 2;
/// What services keep things on, beside the log.
pub const SERVERS: [&str; 6] = ["postgres", "mongo", "clickhouse", "redis", "rabbitmq", "s3"];
/// How long the first commands may take.
const FIRST_ANSWER: Duration = Duration::from_secs(90);
/// Gives the provider its word.
const WEBHOOK_SECRET: &str = "only between the two of us, for an hour";

/// What is wanted.
pub struct Wanted {
    /// An empty folder.
    pub dir: PathBuf,
    /// Where the services' programs are, of each build that there is: instances differ in it. At least one.
    pub builds: Vec<PathBuf>,
    /// How many times as fast as real time log time runs.
    pub factor: u32,
}

/// Everything that runs. It ends with the value.
pub struct Fleet {
    /// The instances of all services.
    pub instances: Vec<Instance>,
    /// What services keep things on.
    pub servers: Vec<Server>,
    /// The brokers.
    pub brokers: Brokers,
    /// Where payments are made.
    pub provider: Provider,
    /// What clients see.
    pub gateway: Gateway,
    /// What instances are told.
    pub common: Common,
}

impl Fleet {
    /// Starts all of it, and returns when it is ready.
    pub async fn start(wanted: &Wanted, journal: Arc<Journal>) -> Result<(Self, demo::Staff), Trouble> {
        let mut instances = Vec::new();
        for number in 1..=INSTANCES {
            let each = SERVICES.into_iter().zip(free_base()..);
            instances.extend(each.map(|(service, port)| Instance::new(service, number, port, &wanted.dir)));
        }
        let gateway = Gateway::start(urls(&instances), journal).await?;
        let (kafka, book) = (wanted.dir.join("kafka"), wanted.dir.join("provider"));
        let (brokers, servers, provider) = futures::join!(
            Brokers::start(&kafka),
            futures::future::join_all(SERVERS.map(Server::start)),
            Provider::start(&book, &gateway.url, WEBHOOK_SECRET),
        );
        let (brokers, provider) = (brokers?, provider?);
        let servers = servers.into_iter().collect::<io::Result<Vec<Server>>>()?;
        let common = Common {
            builds: wanted.builds.clone(),
            dir: wanted.dir.clone(),
            env: environment(wanted, &brokers, &servers, &provider, &instances),
        };
        let first = &instances[0];
        debug_assert_eq!(first.service, "user");
        let staff = sign_up_staff(first.dir(), &common).await?;
        let mut fleet = Self {
            instances,
            servers,
            brokers,
            provider,
            gateway,
            common,
        };
        for instance in &mut fleet.instances {
            instance.start(&fleet.common)?;
        }
        fleet.ready(Duration::from_secs(180)).await?;
        Ok((fleet, staff))
    }

    /// Waits until every instance is ready; says what is not in time.
    pub async fn ready(&mut self, within: Duration) -> Result<Duration, String> {
        let began = Instant::now();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| error.to_string())?;
        for instance in &mut self.instances {
            loop {
                let why = match http.get(format!("{}/ready", instance.url())).send().await {
                    Ok(answer) if answer.status().is_success() => break,
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(error) => error.to_string(),
                };
                if instance.has_ended() {
                    return Err(format!(
                        "{} has ended by itself; its log says why",
                        instance.name()
                    ));
                }
                if began.elapsed() > within {
                    return Err(format!(
                        "{} is not ready after {within:?}: {why}",
                        instance.name()
                    ));
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(began.elapsed())
    }
}

fn urls(instances: &[Instance]) -> BTreeMap<&'static str, Vec<String>> {
    let mut urls = BTreeMap::<_, Vec<_>>::new();
    for instance in instances {
        urls.entry(instance.service).or_default().push(instance.url());
    }
    urls
}

fn environment(
    wanted: &Wanted,
    brokers: &Brokers,
    servers: &[Server],
    provider: &Provider,
    instances: &[Instance],
) -> Vec<(&'static str, String)> {
    let url = |name: &str| {
        let server = servers.iter().find(|server| server.name == name);
        server.map(Server::url).unwrap_or_default()
    };
    let asked = |service: &str| {
        let of = instances.iter().filter(|instance| instance.service == service);
        let each = of.map(Instance::questions);
        each.collect::<Vec<_>>().join(",")
    };
    vec![
        ("KAFKA_BROKERS", brokers.addresses()),
        ("DB_CONNECTION", format!("{} {}", url("postgres"), url("mongo"))),
        ("CLICKHOUSE_URL", url("clickhouse")),
        ("REDIS_URL", url("redis")),
        ("RABBITMQ_URL", url("rabbitmq")),
        ("KEYS_DIR", wanted.dir.join("keys").display().to_string()),
        ("SNAPSHOTS_DIR", snapshots(wanted)),
        ("AWS_ENDPOINT_URL", url("s3")),
        ("AWS_ACCESS_KEY_ID", "chaos".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "chaos".to_owned()),
        // As often as may be: those who come with an empty disk find one in a run of minutes.
        ("SNAPSHOT_EVERY", "1000".to_owned()),
        ("CLOCK_FACTOR", wanted.factor.to_string()),
        ("PAYMENT_PROVIDER_URL", provider.url.clone()),
        ("PAYMENT_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ("LOCATION_GRPC", asked("location")),
        ("BOOKING_GRPC", asked("booking")),
        ("LOG_LEVEL", "info,access=warn".to_owned()),
        // Clients come from one address, and find limits of other kinds.
        ("RATE_PER_ADDRESS", "0".to_owned()),
        ("RATE_PER_USER", "0".to_owned()),
    ]
}

/// A bucket; a folder where an earlier build takes part, which may know no other place: all have to share one.
fn snapshots(wanted: &Wanted) -> String {
    match wanted.builds.len() {
        1 => "s3://rides/snapshots".to_owned(),
        _ => wanted.dir.join("snapshots").display().to_string(),
    }
}

/// The staff of a demonstration is signed up by an instance that comes for this alone, and leaves in good order.
async fn sign_up_staff(dir: &Path, common: &Common) -> Result<demo::Staff, Trouble> {
    let given = |name: &str| {
        let found = common.env.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    let args = CommonArgs {
        service_name: Some("clerk".to_owned()),
        port: Some("0".to_owned()),
        data_dir: Some(dir.display().to_string()),
        keys_dir: given("KEYS_DIR"),
        kafka_brokers: given("KAFKA_BROKERS"),
        db_connection: given("DB_CONNECTION"),
        redis_url: given("REDIS_URL"),
        clock_factor: given("CLOCK_FACTOR"),
        ..CommonArgs::default()
    };
    let node = Node::start(Settings {
        common: args.validate().map_err(|mistakes| mistakes.to_string())?,
        provider: None,
        services: vec!["user".to_owned()],
        alone: false,
        demonstration: true,
    })
    .await?;
    let began = Instant::now();
    let staff = loop {
        match demo::staff(&node).await.map_err(|error| error.to_string()) {
            // On a log that has just been made the first answers take long.
            Err(why) if began.elapsed() < FIRST_ANSWER => tracing::info!(why, "the staff is signed up again"),
            outcome => break outcome,
        }
    };
    node.stop().await;
    Ok(staff?)
}

/// A port from which the services' are free, and those of questions.
fn free_base() -> u16 {
    let many = SERVICES.len() as u16;
    interstate_engines::free_ports((0..many).chain(QUESTIONS..QUESTIONS + many))
}
