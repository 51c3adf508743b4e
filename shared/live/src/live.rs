//! What a process opens once.

use crate::{
    logins::{EndedLogins, MemoryLogins, RedisLogins},
    positions::{LivePositions, MemoryPositions, RedisPositions},
    rates::{MemoryRates, Rate, RateLimit, RedisRates},
    redis::{self, Link, LiveError},
};
use interstate_config::{Cache, RedisAddress};
use interstate_telemetry::Metrics;
use std::sync::Arc;

/// The live data of a process. Clones share it.
#[derive(Debug, Clone)]
pub struct Live {
    link: Option<Arc<Link>>,
    logins: Arc<dyn EndedLogins>,
}

/// How the server that instances share stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none: live data is this process's own.
    Memory,
    /// It answers, at `host:port/database`.
    Answers(String),
    /// It does not; each process goes on by itself.
    Away(LiveError),
}

impl Live {
    /// In the memory of this process.
    pub fn in_memory() -> Self {
        Self {
            link: None,
            logins: Arc::new(MemoryLogins::default()),
        }
    }

    /// Where the settings say. A server that is away is waited for in the background.
    ///
    /// # Errors
    /// What waiting does not mend: the server refuses the user, is too old, or shows a certificate that is not known.
    pub async fn open(cache: &Cache, metrics: &Metrics) -> Result<Self, LiveError> {
        let Cache::Redis(address) = cache else {
            return Ok(Self::in_memory());
        };
        let link = Link::open(address, metrics).await?;
        Ok(Self {
            logins: Arc::new(RedisLogins::new(link.clone())),
            link: Some(link),
        })
    }

    /// Whether a server could be used, which is asked once and kept no connection to. Returns its clock in milliseconds
    /// of Unix time, where it tells it.
    ///
    /// # Errors
    /// It is away, or cannot be used.
    pub async fn look(address: &RedisAddress) -> Result<Option<i64>, LiveError> {
        redis::look(address).await
    }

    /// A limit that is told from others by its name, `address:booking`. At most `clients` clients are told apart in
    /// this process's memory.
    pub fn limit(&self, name: &str, rate: Rate, clients: usize) -> Arc<dyn RateLimit> {
        match &self.link {
            None => Arc::new(MemoryRates::new(rate, clients)),
            Some(link) => Arc::new(RedisRates::new(link.clone(), name, rate, clients)),
        }
    }

    /// Which logins have ended.
    pub fn ended_logins(&self) -> Arc<dyn EndedLogins> {
        self.logins.clone()
    }

    /// Where drivers are. Made once a process: it keeps what this process has seen.
    pub fn positions(&self) -> Arc<dyn LivePositions> {
        match &self.link {
            None => Arc::new(MemoryPositions::default()),
            Some(link) => Arc::new(RedisPositions::new(link.clone())),
        }
    }

    /// How the server stands, which is asked.
    pub async fn standing(&self) -> Standing {
        match &self.link {
            None => Standing::Memory,
            Some(link) => link.standing().await,
        }
    }

    /// Why the server cannot be used, where a person has to mend it. Nothing is asked.
    pub fn misconfigured(&self) -> Option<LiveError> {
        match self.link.as_ref()?.last_known() {
            Standing::Away(why) if why.for_good => Some(why),
            _ => None,
        }
    }
}
