//! Starts real servers for tests by the scripts beside this crate: each on a free port, in a folder of its own, stopped
//! when the value is dropped. What cannot be started is the test's failure, never a reason to pass it over.

mod certificates;
mod encrypted;
mod guarded;
mod ports;
mod process;
mod small_disk;
mod within;

pub use certificates::certificates;
pub use encrypted::{Encrypted, encrypted};
pub use guarded::{Guarded, guarded};
pub use ports::free_ports;
pub use process::signal;
pub use small_disk::on_a_small_disk;
pub use within::within;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A running server.
pub struct Engine {
    name: &'static str,
    dir: tempfile::TempDir,
    port: u16,
    env: Vec<(&'static str, &'static str)>,
    url: String,
}

/// Ports that follow the first: RabbitMQ's scripts take four.
const PORTS: u16 = 4;

impl Engine {
    /// Starts `postgres`, `redis`, `rabbitmq`, `mongo`, `clickhouse` or `s3`.
    ///
    /// # Panics
    /// It does not start; the script's complaint says why.
    pub fn start(name: &'static str) -> Self {
        Self::start_with(name, &[])
    }

    /// The same with variables for its script, `MONGO_PERSIST=1`.
    ///
    /// # Panics
    /// It does not start; the script's complaint says why.
    pub fn start_with(name: &'static str, env: &[(&'static str, &'static str)]) -> Self {
        let mut engine = Self {
            name,
            dir: tempfile::Builder::new()
                .prefix(name)
                .tempdir()
                .expect("the folder of temporary files can be written"),
            port: free_ports(0..PORTS),
            env: env.to_vec(),
            url: String::new(),
        };
        engine.again();
        engine
    }

    /// Its address, as the settings want it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again on the same port and folder.
    ///
    /// # Panics
    /// It does not start; the script's complaint says why.
    pub fn again(&mut self) {
        let port = self.port.to_string();
        let printed = self.script(&["start", "--port", &port]);
        let url = printed.lines().find_map(|line| line.split_once('='));
        let (_, url) = url.expect("the script prints the address as a variable");
        url.clone_into(&mut self.url);
    }

    /// Stops it in good order; its folder stays.
    ///
    /// # Panics
    /// The script fails.
    pub fn stop(&self) {
        self.script(&["stop"]);
    }

    /// Kills it (SIGKILL) with all processes that it has started, and returns when they have gone.
    ///
    /// # Panics
    /// It does not run.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Stops it where it stands (SIGSTOP): it answers nothing, and its connections stay open.
    ///
    /// # Panics
    /// It does not run.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`Engine::pause`].
    ///
    /// # Panics
    /// It does not run.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let file = self.dir.path().join("engine/pid");
        let text = std::fs::read_to_string(&file).expect("a running engine has a pid file");
        let pid = text
            .split_whitespace()
            .next()
            .expect("the file begins with the pid");
        for (index, member) in family(pid).iter().enumerate() {
            let sent = process::signal(&[member], signal);
            // Its helpers come and go; the server itself must be there.
            let has_ended = index > 0 && !Path::new("/proc").join(member).exists();
            if let Err(error) = sent
                && !has_ended
            {
                panic!("{}: {error}", self.name);
            }
        }
    }

    fn script(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("bash runs the script");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}.sh {arguments:?}: {complaint}",
            self.name
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let script: PathBuf = scripts().join(format!("{}.sh", self.name));
        let mut command = Command::new("bash");
        command.arg(script).args(arguments).arg("--dir");
        command.arg(self.dir.path().join("engine"));
        command.envs(self.env.iter().copied());
        command
    }
}

/// The folder of the scripts. Cargo runs a test with its package's folder in the environment; where this crate was
/// compiled may be another checkout, with the same folder of builds.
fn scripts() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let folders = Path::new(&package)
        .ancestors()
        .map(|folder| folder.join("dev/engines"));
    let mut there = folders.filter(|folder| folder.join("lib.sh").exists());
    there.next().unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
}

impl Drop for Engine {
    fn drop(&mut self) {
        // One that was stopped where it stands could not end; a failed start leaves nothing to stop.
        let file = self.dir.path().join("engine/pid");
        if let Ok(text) = std::fs::read_to_string(file)
            && let Some(pid) = text.split_whitespace().next()
        {
            let _ = Command::new("kill").arg("-CONT").args(family(pid)).output();
        }
        let _ = self.command(&["stop"]).output();
    }
}

/// A process, and all that it has started: servers work in children.
fn family(pid: &str) -> Vec<String> {
    let mut family = vec![pid.to_owned()];
    let mut next = 0;
    while let Some(parent) = family.get(next) {
        let children = Command::new("pgrep").args(["-P", parent]).output();
        let children = children.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        family.extend(children.unwrap_or_default().lines().map(str::to_owned));
        next += 1;
    }
    family
}
