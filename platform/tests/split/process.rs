//! A service as a process of its own, by its own program.

use crate::{ride::Sandbox, rights::properties};
use interstate_engines::within;
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// How long a process may take to answer. The first one makes the topics.
pub const START: Duration = Duration::from_secs(90);

/// The programs, with the port that each has after the first.
pub const PROGRAMS: [(&str, &str, u16); 6] = [
    ("user", env!("CARGO_BIN_EXE_interstate-user"), 1),
    ("booking", env!("CARGO_BIN_EXE_interstate-booking"), 2),
    ("location", env!("CARGO_BIN_EXE_interstate-location"), 3),
    ("driver", env!("CARGO_BIN_EXE_interstate-driver"), 4),
    ("payment", env!("CARGO_BIN_EXE_interstate-payment"), 5),
    ("analytics", env!("CARGO_BIN_EXE_interstate-analytics"), 8),
];

/// What the processes of a deployment have in common.
pub struct Deployment {
    pub dir: PathBuf,
    pub brokers: String,
    pub provider: String,
    pub factor: u32,
    /// The services' ports are counted from here, those of gRPC a thousand higher.
    pub base: u16,
}

impl Deployment {
    pub fn url(&self, service: &str) -> String {
        format!("http://127.0.0.1:{}", self.port(service))
    }

    pub fn urls(&self) -> BTreeMap<&'static str, String> {
        PROGRAMS
            .iter()
            .map(|(name, ..)| (*name, self.url(name)))
            .collect()
    }

    fn port(&self, service: &str) -> u16 {
        let (.., offset) = PROGRAMS.iter().find(|(name, ..)| *name == service).unwrap();
        self.base + offset
    }
}

/// A process that ends with the test.
pub struct Process {
    name: &'static str,
    said: PathBuf,
    child: Child,
}

impl Process {
    /// Starts a service's program.
    pub fn start(of: &Deployment, service: &str) -> Self {
        let (name, program, _) = PROGRAMS.iter().find(|(name, ..)| *name == service).unwrap();
        let dir = of.dir.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let said = of.dir.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&said).unwrap();
        let at = |service: &str| format!("127.0.0.1:{}", of.port(service) + 1_000);
        let child = Command::new(program)
            .envs([
                ("SERVICE_PORT", of.port(name).to_string()),
                ("SERVICE_NAME", (*name).to_owned()),
                ("DATA_DIR", dir.display().to_string()),
                ("KEYS_DIR", of.dir.join("keys").display().to_string()),
                ("KAFKA_BROKERS", of.brokers.clone()),
                (
                    "KAFKA_PROPERTIES",
                    properties(&of.dir, name).display().to_string(),
                ),
                ("CLOCK_FACTOR", of.factor.to_string()),
                ("PAYMENT_PROVIDER_URL", of.provider.clone()),
                ("PAYMENT_WEBHOOK_SECRET", Sandbox::SECRET.to_owned()),
                ("LOCATION_GRPC", at("location")),
                ("BOOKING_GRPC", at("booking")),
                ("LOG_LEVEL", "info,access=warn".to_owned()),
                ("RATE_PER_ADDRESS", "0".to_owned()),
                ("RATE_PER_USER", "0".to_owned()),
            ])
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Self { name, said, child }
    }

    /// Kills it as it stands.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(&self.said).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            let last = &lines[lines.len().saturating_sub(30)..];
            eprintln!("--- {} said last:\n{}", self.name, last.join("\n"));
        }
    }
}

/// Waits until all of these are ready.
pub async fn ready(urls: &[String]) {
    for url in urls {
        within(START, &format!("{url} is ready"), async || {
            let ready = reqwest::get(format!("{url}/ready")).await;
            ready.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }
}

/// A port from which the services' are free, those of their questions a thousand higher, and the sandbox's.
pub fn free_ports() -> u16 {
    interstate_engines::free_ports((0..10).chain([90]).chain(1_000..1_010))
}

/// The folder of what a deployment keeps.
pub fn clock(dir: &Path, factor: u32) -> std::sync::Arc<dyn interstate_eventing::runtime::Clock> {
    std::sync::Arc::new(interstate::clock_file::open(&dir.join("keys"), factor).unwrap())
}
