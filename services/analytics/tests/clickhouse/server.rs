//! A server of its own for each test, on a free port and in a folder of its own.

use interstate_analytics::read::clickhouse::ClickHouse;
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// A test that takes longer than this has hung.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Server {
    dir: tempfile::TempDir,
    port: u16,
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/engines/clickhouse.sh")
}

impl Server {
    pub fn start() -> Self {
        let server = Self {
            dir: tempfile::tempdir().unwrap(),
            port: interstate_engines::free_ports([0]),
        };
        server.run("start");
        server
    }

    /// `start` or `stop`.
    pub fn run(&self, what: &str) {
        let done = Command::new(script())
            .arg(what)
            .args(["--port", &self.port.to_string()])
            .args(["--dir", self.dir.path().to_str().unwrap()])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "clickhouse.sh {what}: {told}");
    }

    /// Sends a signal to the server's process.
    pub fn signal(&self, signal: &str) {
        interstate_engines::signal(&[&self.pid()], signal).unwrap();
    }

    /// The file holds it with the time of its start.
    fn pid(&self) -> String {
        let file = std::fs::read_to_string(self.dir.path().join("pid")).unwrap_or_default();
        file.split_whitespace().next().unwrap_or_default().to_owned()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/facts", self.port)
    }

    /// A database of the server, as the service has it.
    pub fn database(&self) -> ClickHouse {
        database(&self.url())
    }

    /// One number, asked without the service.
    pub async fn number(&self, question: &str) -> u64 {
        let answer = self.change(question).await;
        let number = answer.trim().parse();
        number.unwrap_or_else(|_| panic!("{question}: {answer}"))
    }

    /// Runs a statement behind the service's back; gives what is answered.
    pub async fn change(&self, statement: &str) -> String {
        let url = format!("http://127.0.0.1:{}/?database=facts", self.port);
        let asked = reqwest::Client::new()
            .post(url)
            .body(statement.to_owned())
            .timeout(PATIENCE);
        let answer = asked.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{statement}: {text}");
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that stands still could not be stopped.
        let _ = Command::new("kill").args(["-CONT", &self.pid()]).output();
        let _ = Command::new(script())
            .arg("stop")
            .args(["--port", &self.port.to_string()])
            .args(["--dir", self.dir.path().to_str().unwrap()])
            .output();
    }
}

pub fn database(url: &str) -> ClickHouse {
    ClickHouse::new(&interstate_config::ClickHouse::parse(url).unwrap())
}
