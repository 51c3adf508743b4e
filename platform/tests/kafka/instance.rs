//! Instances: processes that serve everything, and share its partitions with the others through Kafka.

use crate::{brokers::output, ride::Sandbox};
use interstate::operator::{KEY_HEADER, Status};
use interstate_config::CommonArgs;
use interstate_engines::within;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

const SERVICES: [&str; 5] = ["user", "booking", "location", "driver", "payment"];
/// Four a service.
pub const PARTITIONS: usize = SERVICES.len() * 4;
/// How long an instance may take to answer.
const START: Duration = Duration::from_secs(60);

/// What the instances of a deployment have in common.
pub struct Deployment {
    pub dir: PathBuf,
    pub brokers: String,
    pub provider: String,
    pub factor: u32,
}

impl Deployment {
    /// The settings of one with this name.
    pub fn settings(&self, name: &str) -> CommonArgs {
        let folder = |name: &str| Some(self.dir.join(name).display().to_string());
        CommonArgs {
            service_name: Some(name.to_owned()),
            data_dir: folder(name),
            keys_dir: folder("keys"),
            kafka_brokers: Some(self.brokers.clone()),
            clock_factor: Some(self.factor.to_string()),
            ..CommonArgs::default()
        }
    }
}

/// A process that ends with the test.
pub struct Instance {
    pub url: String,
    pub dir: PathBuf,
    child: Child,
}

impl Instance {
    /// Starts one, or starts it again in the same folder. Returns when it answers.
    pub async fn start(of: &Deployment, name: &str) -> Self {
        let settings = of.settings(name);
        let dir = of.dir.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let said = File::options()
            .create(true)
            .append(true)
            .open(said(&dir))
            .unwrap();
        let given = |value: Option<String>| value.unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_interstate"))
            .arg("serve")
            .args(SERVICES)
            .args(["--port", "0", "--log-level", "info,access=warn"])
            .envs([("RATE_PER_ADDRESS", "0"), ("RATE_PER_USER", "0")])
            .args(["--data-dir", &given(settings.data_dir)])
            .args(["--keys-dir", &given(settings.keys_dir)])
            .args(["--kafka-brokers", &given(settings.kafka_brokers)])
            .args(["--clock-factor", &given(settings.clock_factor)])
            .args(["--payment-provider-url", &of.provider])
            .args(["--payment-webhook-secret", Sandbox::SECRET])
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut instance = Self {
            url: String::new(),
            dir,
            child,
        };
        let first = tokio::task::block_in_place(|| lines.recv_timeout(START));
        let first = first.unwrap_or_else(|_| panic!("instance {name} does not start"));
        let (_, url) = first.split_once("http://").expect("its address");
        instance.url = format!("http://{}", url.trim());
        within(START, "the instance is ready", async || {
            let ready = reqwest::get(format!("{}/ready", instance.url)).await;
            ready.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        instance
    }

    /// Kills it as it stands.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What the operator sees of it.
    pub async fn status(&self) -> Status {
        let key = interstate::operator::key(&self.dir).unwrap();
        let request = reqwest::Client::new()
            .get(format!("{}/operator/status", self.url))
            .header(KEY_HEADER, key)
            .timeout(Duration::from_secs(20));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// How many partitions it has, and how many of them decide.
    pub async fn partitions(&self) -> (usize, usize) {
        let partitions = self.status().await.partitions;
        let running = partitions.iter().filter(|one| one.activity == "running");
        (partitions.len(), running.count())
    }

    /// Runs `interstate doctor` on it.
    pub async fn doctor(&self) {
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_interstate"));
        doctor
            .args(["doctor", "--url", &self.url, "--data-dir"])
            .arg(&self.dir);
        let found = output(doctor).await;
        assert!(
            found.status.success(),
            "{}{}",
            String::from_utf8_lossy(&found.stdout),
            String::from_utf8_lossy(&found.stderr)
        );
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(said(&self.dir)).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            let last = &lines[lines.len().saturating_sub(40)..];
            eprintln!("--- {} said last:\n{}", self.dir.display(), last.join("\n"));
        }
    }
}

fn said(dir: &Path) -> PathBuf {
    dir.join("instance.log")
}

/// Waits until each of the instances runs as many partitions as the others.
pub async fn shared_out(instances: &[&Instance]) {
    let share = PARTITIONS / instances.len();
    within(START, "every instance runs its share", async || {
        for instance in instances {
            if instance.partitions().await != (share, share) {
                return false;
            }
        }
        true
    })
    .await;
}
