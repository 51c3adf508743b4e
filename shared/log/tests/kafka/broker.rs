//! Brokers for one test run, on free ports, stopped when the test ends.

use interstate_log::kafka::{KafkaLog, Options};
use std::{
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// One broker or three, with a folder of their own.
pub struct Brokers {
    dir: tempfile::TempDir,
    /// `host:port` of each, separated by commas.
    pub bootstrap: String,
    /// How clients are set up.
    pub reached_by: Options,
    names: AtomicU32,
}

/// Those of up to three nodes for clients, and for their controllers.
const PORTS: [u16; 6] = [0, 1, 2, 100, 101, 102];

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../dev/engines/kafka.sh")
}

impl Brokers {
    pub fn start(nodes: u32) -> Self {
        Self::start_with(nodes, interstate_engines::free_ports(PORTS), &[])
    }

    /// The same from this port on, with more of the brokers' settings.
    pub fn start_with(nodes: u32, port: u16, settings: &[String]) -> Self {
        let mut brokers = Self {
            dir: tempfile::tempdir().unwrap(),
            bootstrap: String::new(),
            reached_by: Options::new(""),
            names: AtomicU32::new(0),
        };
        let (port, nodes) = (port.to_string(), nodes.to_string());
        let quick = [
            "group.min.session.timeout.ms=1000",
            "broker.session.timeout.ms=3000",
        ];
        let mut arguments = vec!["start", "--port", &port, "--nodes", &nodes];
        arguments.extend(
            quick
                .into_iter()
                .chain(settings.iter().map(String::as_str))
                .flat_map(|setting| ["--set", setting]),
        );
        brokers.bootstrap = brokers.run(&arguments);
        brokers.reached_by = Options::new(&brokers.bootstrap);
        brokers
    }

    /// Has one of Kafka's own tools work on this cluster.
    pub fn tool(&self, name: &str, arguments: &[&str]) -> String {
        let output = Command::new(script())
            .args(["tool", name, "--bootstrap-server", &self.bootstrap])
            .args(arguments)
            .output()
            .expect("dev/engines/kafka.sh runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} {arguments:?}: {complaint}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the script on this cluster; gives what it prints last.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(script())
            .args(arguments)
            .arg("--dir")
            .arg(self.dir.path().join("cluster"))
            .output()
            .expect("dev/engines/kafka.sh runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kafka.sh {arguments:?}: {complaint}");
        let printed = String::from_utf8_lossy(&output.stdout);
        printed.lines().last().unwrap_or_default().to_owned()
    }

    /// Sends a signal to a node, counted from 1.
    pub fn signal(&self, node: u32, signal: &str) {
        let pid = self.dir.path().join(format!("cluster/node{node}/pid"));
        let pid = std::fs::read_to_string(pid).unwrap();
        interstate_engines::signal(&[pid.trim()], signal).unwrap();
    }

    pub fn options(&self) -> Options {
        self.reached_by.clone()
    }

    pub fn log(&self) -> KafkaLog {
        KafkaLog::new(self.options()).unwrap()
    }

    /// A name that nothing has used yet.
    pub fn service(&self) -> String {
        format!("service-{}", self.names.fetch_add(1, Ordering::SeqCst))
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        // A failed start leaves nothing to stop; and a panic in here would hide the test's own.
        let _ = Command::new(script())
            .args(["stop", "--dir"])
            .arg(self.dir.path().join("cluster"))
            .output();
    }
}
