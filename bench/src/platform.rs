//! The real platform as a process of its own: `interstate up`, release, in a fresh folder.

use interstate_eventing::Service;
use std::{
    error::Error,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// It answers within this time, or it has failed.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The sandbox provider's port is so much higher.
const SANDBOX: u16 = 90;

/// A running platform. Dropping it kills the process and removes its folder.
pub struct Platform {
    pub url: String,
    port: u16,
    env: Vec<(&'static str, String)>,
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
        Self::start_with(kafka.map(|brokers| ("KAFKA_BROKERS", brokers.to_owned()))).await
    }

    /// The same with these settings.
    pub async fn start_with(
        env: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, Box<dyn Error>> {
        Self::run(env.into_iter().collect(), |program| {
            program.args(["up", "--plain"]);
        })
        .await
    }

    /// Another instance of all services beside this one, on Kafka: the same settings, keys and payment provider, another
    /// folder.
    pub async fn another(&self) -> Result<Self, Box<dyn Error>> {
        let secret = std::fs::read(self.data_dir().join("sandbox-webhook.key"))?;
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let provider = format!("http://127.0.0.1:{}", self.port + SANDBOX);
        Self::run(self.env.clone(), |program| {
            let services = interstate::catalogue::services();
            program.arg("serve").args(services.iter().map(Service::name));
            program.env("SERVICE_NAME", "another");
            program.env("KEYS_DIR", self.data_dir());
            program.env("PAYMENT_PROVIDER_URL", provider);
            program.env("PAYMENT_WEBHOOK_SECRET", secret);
        })
        .await
    }

    async fn run(
        env: Vec<(&'static str, String)>,
        say: impl FnOnce(&mut Command),
    ) -> Result<Self, Box<dyn Error>> {
        let binary: PathBuf = std::env::current_exe()?.with_file_name("interstate");
        let dir = tempfile::tempdir()?;
        // The services' own are above it, and the sandbox's.
        let port = interstate_engines::free_ports((0..=8).chain([SANDBOX]));
        let began = Instant::now();
        let mut program = Command::new(&binary);
        say(&mut program);
        let process = program
            .args(["--port", &port.to_string()])
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .envs(env.clone())
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
            port,
            env,
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
