//! The platform in a process of its own.

use super::people::{Failure, Http, Person, text};
use crate::figures;
use interstate::{cli::Target, operator::Client};
use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running platform with its sandbox provider.
pub struct Platform {
    child: Child,
    dir: tempfile::TempDir,
    pub http: Http,
}

impl Platform {
    /// Starts one in a new folder, and waits until it is ready.
    pub async fn start(binary: &Path, kafka: Option<&str>) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let port = free_ports()?;
        let mut command = Command::new(binary);
        command
            .args(["up", "--plain", "--log-level", "warn,access=off"])
            .args(["--port", &port.to_string(), "--data-dir"])
            .arg(dir.path())
            .stdout(Stdio::null());
        if let Some(brokers) = kafka {
            command.args(["--kafka-brokers", brokers]);
        }
        let child = command
            .spawn()
            .map_err(|error| format!("{}: {error}; build it with --release", binary.display()))?;
        let http = Http {
            client: reqwest::Client::builder().pool_max_idle_per_host(1_000).build()?,
            url: format!("http://127.0.0.1:{port}"),
        };
        let platform = Self { child, dir, http };
        let began = Instant::now();
        let ready = format!("{}/ready", platform.http.url);
        loop {
            match platform.http.client.get(&ready).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(platform),
                _ if began.elapsed() > Duration::from_secs(60) => {
                    return Err("the platform does not become ready".into());
                }
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Support's login. The account is made right after the platform has become ready.
    pub async fn support(&self) -> Result<Person, Failure> {
        let mut tries = 0;
        loop {
            match self.log_in_support().await {
                Err(error) if tries == 200 => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                found => return found,
            }
            tries += 1;
        }
    }

    /// With the password that the data folder has.
    async fn log_in_support(&self) -> Result<Person, Failure> {
        let path = self.dir.path().join("demo-staff.json");
        let staff: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
        let password = text(&staff, "support_password")?;
        Person::log_in(&self.http, "support@interstate.example", &password).await
    }

    /// Processor time of the platform so far, in milliseconds.
    pub fn cpu_ms(&self) -> u64 {
        figures::cpu_ms_of(self.child.id())
    }

    /// How long it takes until every consumer has handled everything.
    pub async fn lag(&self) -> Result<Duration, Failure> {
        let client = Client::new(&Target {
            url: self.http.url.clone(),
            data_dir: self.dir.path().to_owned(),
        })?;
        let began = Instant::now();
        loop {
            let status = client.status().await?;
            let errors: Vec<_> = status
                .consumers
                .iter()
                .filter_map(|consumer| consumer.error.clone())
                .collect();
            let parked: u64 = status.consumers.iter().map(|consumer| consumer.parked).sum();
            if parked > 0 || !errors.is_empty() {
                return Err(format!("{parked} events are parked; {errors:?}").into());
            }
            if status.consumers.iter().all(|consumer| consumer.behind == 0) {
                return Ok(began.elapsed());
            }
            if began.elapsed() > Duration::from_secs(60) {
                return Err("the consumers do not catch up".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it in order.
    pub async fn stop(mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        for _ in 0..200 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port with those of the services and of the provider after it free.
fn free_ports() -> Result<u16, Failure> {
    for base in (20_000..30_000).step_by(100) {
        let wanted = (base..base + 10).chain([base + 90]);
        if wanted
            .into_iter()
            .all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        {
            return Ok(base);
        }
    }
    Err("no ports are free".into())
}
