//! What a process opens once.

use crate::{
    positions::{LivePositions, MemoryPositions, RedisPositions},
    redis::{Link, LiveError},
};
use interstate_config::Cache;
use interstate_telemetry::Metrics;
use std::sync::Arc;

/// The live data of a process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Live {
    link: Option<Arc<Link>>,
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
        Self::default()
    }

    /// Where the settings say. A server that is away is waited for in the background.
    ///
    /// # Errors
    /// What waiting does not mend: the server refuses the user, is too old, or shows a certificate that is not known.
    pub async fn open(cache: &Cache, metrics: &Metrics) -> Result<Self, LiveError> {
        let link = match cache {
            Cache::Memory => None,
            Cache::Redis(address) => Some(Link::open(address, metrics).await?),
        };
        Ok(Self { link })
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
