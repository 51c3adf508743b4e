//! The real platform as a process of its own: `interstate up`, release, in a fresh folder.

use std::{
    error::Error,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// It answers within this time, or it has failed.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running platform. Dropping it kills the process and removes its folder.
pub struct Platform {
    pub url: String,
    /// From the start of the process to the first `/ready` that answered 200.
    pub ready_after: Duration,
    dir: tempfile::TempDir,
    process: Child,
}

impl Platform {
    /// Starts the binary beside this one on the embedded log, and returns when it is ready.
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        Self::start_on(None).await
    }

    /// The same on Kafka, where there are brokers.
    pub async fn start_on(kafka: Option<&str>) -> Result<Self, Box<dyn Error>> {
        let binary: PathBuf = std::env::current_exe()?.with_file_name("interstate");
        let dir = tempfile::tempdir()?;
        let port = free_port().ok_or("no free ports for the platform")?;
        let began = Instant::now();
        let process = Command::new(&binary)
            .args(["up", "--plain", "--port", &port.to_string()])
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .args(kafka.map(|brokers| format!("--kafka-brokers={brokers}")))
            .env("LOG_LEVEL", "warn,access=off")
            // All load comes from this machine, and from few people.
            .envs([("RATE_PER_ADDRESS", "0"), ("RATE_PER_USER", "0")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(dir.path().join("stderr"))?)
            .spawn()
            .map_err(|error| format!("{}: {error}; build it first", binary.display()))?;
        let mut platform = Self {
            url: format!("http://127.0.0.1:{port}"),
            ready_after: Duration::ZERO,
            dir,
            process,
        };
        platform.wait(began).await?;
        Ok(platform)
    }

    async fn wait(&mut self, began: Instant) -> Result<(), Box<dyn Error>> {
        let (http, url) = (reqwest::Client::new(), format!("{}/ready", self.url));
        while began.elapsed() < READY_WITHIN {
            let answer = http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                self.ready_after = began.elapsed();
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                let said = std::fs::read_to_string(self.dir.path().join("stderr")).unwrap_or_default();
                return Err(format!("the platform ended with {status}: {said}").into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err("the platform was not ready within a minute".into())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What the platform keeps, with the keys of its operator and the logins of its staff.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Ends the process and lets its data folder be looked into.
    pub fn kill(&mut self) -> Result<PathBuf, Box<dyn Error>> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(self.data_dir())
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port whose neighbours are free too: the services' own are the five above it, the sandbox's is 90 above.
fn free_port() -> Option<u16> {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (21_000..29_000)
        .step_by(100)
        .map(|port| port + (std::process::id() % 90) as u16)
        .find(|port| (0..=5).chain([90]).all(|above| free(port + above)))
}
