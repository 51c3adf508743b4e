//! Brokers that end with the test.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};
use tokio::sync::{Mutex, MutexGuard};

/// Those of up to three nodes for clients, and for their controllers.
const PORTS: [u16; 6] = [0, 1, 2, 100, 101, 102];

/// One cluster at a time: these tests share two cores.
static TURN: Mutex<()> = Mutex::const_new(());

/// One broker or three, with a folder of their own.
pub struct Brokers {
    dir: tempfile::TempDir,
    /// `host:port` of each, separated by commas.
    pub addresses: String,
    _turn: MutexGuard<'static, ()>,
}

impl Brokers {
    pub async fn start(nodes: u32) -> Self {
        Self::start_with(nodes, interstate_engines::free_ports(PORTS), &[]).await
    }

    /// The same from this port on, with more of the brokers' settings.
    pub async fn start_with(nodes: u32, port: u16, settings: &[String]) -> Self {
        let mut brokers = Self {
            _turn: TURN.lock().await,
            dir: tempfile::tempdir().unwrap(),
            addresses: String::new(),
        };
        let (port, nodes) = (port.to_string(), nodes.to_string());
        // A dead node is noticed after 6 s instead of 9; a node that stood still for 3 s, beside a build, is alive.
        let noticed = "broker.session.timeout.ms=6000";
        let mut start = vec!["start", "--port", &port, "--nodes", &nodes, "--set", noticed];
        start.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        brokers.addresses = brokers.run(&start).await;
        brokers
    }

    /// Runs the script on this cluster; gives what it prints last.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let mut command = self.script();
        command.args(arguments);
        let output = output(command).await;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kafka.sh {arguments:?}: {complaint}");
        let printed = String::from_utf8_lossy(&output.stdout);
        printed.lines().last().unwrap_or_default().to_owned()
    }

    fn script(&self) -> Command {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dev/engines/kafka.sh");
        let mut command = Command::new(script);
        command.env("KAFKA_DIR", self.dir.path().join("cluster"));
        command
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        let _ = self.script().arg("stop").output();
    }
}

/// What a command that ends says. It does not wait for the command longer than this.
pub async fn output(mut command: Command) -> Output {
    let limit = Duration::from_secs(120);
    let running = tokio::task::spawn_blocking(move || command.output());
    let ended = tokio::time::timeout(limit, running).await;
    ended
        .expect("the command ends in time")
        .unwrap()
        .expect("the command runs")
}
