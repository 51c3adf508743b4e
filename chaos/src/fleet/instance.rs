//! One of the instances of a service, as a process.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Questions are answered so many ports higher.
pub const QUESTIONS: u16 = 1_000;

/// The number of whoever comes for a while.
const GUEST: usize = 9;

/// What all instances are told.
pub struct Common {
    /// Where the programs are, of each build that there is.
    pub builds: Vec<PathBuf>,
    /// Where everybody's folders are.
    pub dir: PathBuf,
    /// Names and values.
    pub env: Vec<(&'static str, String)>,
}

/// A process that ends with the value.
pub struct Instance {
    /// `booking`.
    pub service: &'static str,
    /// Which of them, from 1.
    pub number: usize,
    port: u16,
    dir: PathBuf,
    /// Which of the builds it is.
    build: usize,
    child: Option<Child>,
}

impl Instance {
    /// One that does not run yet, on this port, and a thousand higher for questions.
    pub fn new(service: &'static str, number: usize, port: u16, dir: &Path) -> Self {
        Self {
            service,
            number,
            port,
            dir: dir.join(format!("{service}-{number}")),
            build: number - 1,
            child: None,
        }
    }

    /// One that comes for a while, on free ports.
    pub fn guest(service: &'static str, common: &Common) -> Self {
        Self::new(service, GUEST, super::free_base(), &common.dir)
    }

    /// `booking-1`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.service, self.number)
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it answers other services' questions.
    pub fn questions(&self) -> String {
        format!("127.0.0.1:{}", self.port + QUESTIONS)
    }

    /// Its data folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// It comes back as the next build, where there are several.
    pub fn change_build(&mut self) {
        self.build += 1;
    }

    /// Starts its process.
    pub fn start(&mut self, common: &Common) -> io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let said = File::options()
            .create(true)
            .append(true)
            .open(common.dir.join(format!("{}.log", self.name())))?;
        let build = &common.builds[self.build % common.builds.len()];
        let program = build.join(format!("interstate-{}", self.service));
        let child = Command::new(&program)
            .envs(common.env.iter().map(|(name, value)| (*name, value)))
            .env("SERVICE_PORT", self.port.to_string())
            .env("SERVICE_NAME", self.name())
            .env("DATA_DIR", &self.dir)
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .map_err(|error| io::Error::other(format!("{}: {error}", program.display())))?;
        self.child = Some(child);
        Ok(())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(Some(_))))
    }

    /// Kills it as it stands.
    pub fn kill(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        child.kill()?;
        child.wait().map(|_| ())
    }

    /// Asks it to end, and waits until it has; kills it where it takes longer than this.
    pub async fn end(&mut self, within: Duration) -> io::Result<()> {
        self.signal("TERM")?;
        let ended = async {
            while !self.has_ended() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = tokio::time::timeout(within, ended).await.is_ok();
        self.kill()?;
        match in_time {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "{} does not end within {within:?}",
                self.name()
            ))),
        }
    }

    /// `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, signal: &str) -> io::Result<()> {
        match &self.child {
            Some(child) => interstate_engines::signal(&[&child.id().to_string()], signal),
            None => Err(io::Error::other(format!("{} does not run", self.name()))),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
