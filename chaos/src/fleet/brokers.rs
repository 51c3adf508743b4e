//! Three brokers, each behind a proxy: clients and the other brokers reach it through that alone.

use crate::proxy::{Proxy, Weather};
use interstate_engines::free_ports;
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// How many there are.
pub const NODES: u16 = 3;

/// A cluster that ends with the value.
pub struct Brokers {
    dir: PathBuf,
    proxies: Vec<Proxy>,
}

/// Seconds that a broker may take to be among the others again: everything else runs on the same machine.
const START: &str = "240";

impl Brokers {
    /// Starts them in this folder.
    pub async fn start(dir: &Path) -> io::Result<Self> {
        // Controllers listen a hundred ports higher.
        let own = free_ports((0..NODES).chain(100..100 + NODES));
        let through = free_ports(0..NODES);
        let mut brokers = Self {
            dir: dir.to_owned(),
            proxies: Vec::new(),
        };
        for node in 0..NODES {
            let to = SocketAddr::from(([127, 0, 0, 1], own + node));
            brokers.proxies.push(Proxy::start(through + node, to).await?);
        }
        let (port, nodes, advertised) = (own.to_string(), NODES.to_string(), through.to_string());
        // A dead node is noticed after 3 s instead of 9; it has to say twice in that time that it lives.
        let (noticed, lives) = (
            "broker.session.timeout.ms=3000",
            "broker.heartbeat.interval.ms=1000",
        );
        let start = [
            "start",
            "--port",
            &port,
            "--nodes",
            &nodes,
            "--advertise",
            &advertised,
            "--set",
            noticed,
            "--set",
            lives,
        ];
        brokers.run(&start).await?;
        Ok(brokers)
    }

    /// As clients know them.
    pub fn addresses(&self) -> String {
        let each = self
            .proxies
            .iter()
            .map(|proxy| format!("127.0.0.1:{}", proxy.port()));
        each.collect::<Vec<_>>().join(",")
    }

    /// Changes how a broker, from 1, is reached.
    pub fn weather(&self, node: u16, weather: Weather) {
        self.proxies[usize::from(node) - 1].set(weather);
    }

    /// Runs the script on this cluster.
    pub async fn run(&self, arguments: &[&str]) -> io::Result<()> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dev/engines/kafka.sh");
        let mut command = Command::new(script);
        let output = command
            .args(arguments)
            .env("KAFKA_DIR", &self.dir)
            .env("KAFKA_START_TIMEOUT", START)
            .stdin(Stdio::null())
            .output()
            .await?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!(
            "kafka.sh {}: {said}",
            arguments.join(" ")
        )))
    }

    /// Sends a signal to a broker's process.
    pub fn signal(&self, node: u16, signal: &str) -> io::Result<()> {
        let pid = std::fs::read_to_string(self.dir.join(format!("node{node}/pid")))?;
        interstate_engines::signal(&[pid.trim()], signal)
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        for node in 1..=NODES {
            // One that stands still could not end.
            let _ = self.signal(node, "CONT");
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dev/engines/kafka.sh");
        let mut stop = std::process::Command::new(script);
        let _ = stop.arg("stop").env("KAFKA_DIR", &self.dir).output();
    }
}
