//! A process with some services, on the embedded log in a fresh folder or on Kafka under a fresh prefix.

use interstate_eventing::{
    Service, Topology,
    runtime::{Commands, Env, Host, MachineClock, TokioSpawn},
    store::FjallCaches,
};
use interstate_log::{
    Log,
    embedded::{self, EmbeddedLog},
    kafka::{self, KafkaLog},
};
use std::{error::Error, path::Path, sync::Arc, time::Duration};

/// Partitions are taken over within this time, or the measurement fails.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What a measurement works with.
pub struct Node {
    pub env: Env,
    pub commands: Commands,
    pub host: Host,
    _dir: tempfile::TempDir,
}

/// Starts it on the embedded log.
pub async fn start(services: Vec<Service>) -> Result<Node, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let log = Arc::new(EmbeddedLog::open(embedded::Options::new(dir.path().join("log")))?);
    start_on(log, dir, services).await
}

/// A log on these brokers whose topics nobody else has, with what their names begin with.
pub fn kafka(brokers: &str) -> Result<(Arc<KafkaLog>, String), Box<dyn Error>> {
    let now = MachineClock::machine_now().as_millisecond();
    let prefix = format!("bench-{}-{now}.", std::process::id());
    Ok((kafka_under(brokers, &prefix)?, prefix))
}

/// The same log as another instance sees it.
pub fn kafka_under(brokers: &str, prefix: &str) -> Result<Arc<KafkaLog>, Box<dyn Error>> {
    let mut options = kafka::Options::new(brokers);
    prefix.clone_into(&mut options.prefix);
    Ok(Arc::new(KafkaLog::new(options)?))
}

/// Starts it on a log, and returns when all partitions are taken over.
pub async fn start_on(
    log: Arc<dyn Log>,
    dir: tempfile::TempDir,
    services: Vec<Service>,
) -> Result<Node, Box<dyn Error>> {
    let env = env(log, dir.path(), &services)?;
    let host = Host::start(&env, services.clone()).await?;
    let waiting = tokio::time::timeout(READY_WITHIN, async {
        for service in &services {
            while !env
                .statuses
                .blocked(service.name(), service.partition_count() as usize)
                .is_empty()
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });
    waiting
        .await
        .map_err(|_| "the partitions were not taken over within a minute")?;
    Ok(Node {
        commands: Commands::new(env.clone()),
        env,
        host,
        _dir: dir,
    })
}

/// What a host of these services stands on.
pub fn env(log: Arc<dyn Log>, dir: &Path, services: &[Service]) -> Result<Env, Box<dyn Error>> {
    let caches = Arc::new(FjallCaches::open(&dir.join("cache"))?);
    let (clock, spawn) = (Arc::new(MachineClock::real()), Arc::new(TokioSpawn));
    Ok(Env::new(
        log,
        clock,
        spawn,
        caches,
        "bench",
        Topology::of(services),
    ))
}
