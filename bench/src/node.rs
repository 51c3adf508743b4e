//! A process with some services on the embedded log in a fresh folder.

use interstate_eventing::{
    Service, Topology,
    runtime::{Commands, Env, Host, MachineClock, TokioSpawn},
    store::FjallCaches,
};
use interstate_log::embedded::{EmbeddedLog, Options};
use std::{error::Error, sync::Arc};

/// What a measurement works with.
pub struct Node {
    pub env: Env,
    pub commands: Commands,
    pub host: Host,
    _dir: tempfile::TempDir,
}

/// Starts it.
pub async fn start(services: Vec<Service>) -> Result<Node, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let log = Arc::new(EmbeddedLog::open(Options::new(dir.path().join("log")))?);
    let caches = Arc::new(FjallCaches::open(&dir.path().join("cache"))?);
    let (clock, spawn) = (Arc::new(MachineClock::real()), Arc::new(TokioSpawn));
    let env = Env::new(log, clock, spawn, caches, "bench", Topology::of(&services));
    let host = Host::start(&env, services).await?;
    Ok(Node {
        commands: Commands::new(env.clone()),
        env,
        host,
        _dir: dir,
    })
}
