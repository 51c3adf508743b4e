//! A copy of the log in a folder, and a log that is made of one: on the same engine, or on another.
//!
//! A copy is taken beside the work of whoever decides. What it holds of each partition fits together with what it holds
//! of the others ([`cut`]), and everything that was acknowledged before it began is in it.
//!
//! A log made of a copy is a new incarnation. Each partition is closed by a receipt that says so, that begins its
//! commands anew, and that gives its sender back every message which its receiver had not taken: what stood in the
//! receiver's commands is not copied. Everything else (states, read models, positions) follows from the log.

mod cut;
mod file;
mod manifest;
mod restore;
mod take;

pub use manifest::{Copied, CopiedTopic, MANIFEST, Manifest};
pub use restore::restore;
pub use take::take;

use crate::BatchError;
use interstate_log::LogError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Records read at once.
const CHUNK: usize = 2_000;

/// Why nothing was copied, or nothing restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What stands in the log.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A file.
    #[error("{} cannot be {what}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What failed.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The folder that a copy is to be put in has something in it.
    #[error("{} is not empty; name a new folder for the backup", .0.display())]
    NotEmpty(PathBuf),
    /// There is no finished copy.
    #[error("{} holds no finished backup: there is no {MANIFEST} in it", .0.display())]
    NoBackup(PathBuf),
    /// A file is not what was written.
    #[error("the backup is damaged, {}: {why}; nothing was restored, use another one", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The partitions of the log contradict each other.
    #[error("the log cannot be copied: {0}")]
    Apart(String),
    /// The log that is to be filled has something in it.
    #[error(
        "{topic}/{partition} has records already; restore into an empty data folder, or on Kafka into topics that \
         were just made"
    )]
    Filled {
        /// The topic.
        topic: String,
        /// Which partition.
        partition: u32,
    },
    /// The copy has other partitions than this build's services.
    #[error(
        "the backup has the partitions {found}, and the services here have {wanted}; their number never changes in \
         place: restore with the build that made the backup"
    )]
    Partitions {
        /// What the copy has.
        found: String,
        /// What services have.
        wanted: String,
    },
    /// A partition that is being filled has got another writer.
    #[error("{0} has another writer: stop all services, and begin again with an empty log")]
    Contended(String),
}

impl BackupError {
    fn io(path: &Path, what: &'static str, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            what,
            source,
        }
    }
}
