//! What a backup holds, in a file that people can read too. It is written last: a folder without it is no backup.

use super::BackupError;
use crate::receipt::Channel;
use interstate_log::{PartitionId, Topic, TopicKind};
use interstate_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

/// Its name in the folder.
pub const MANIFEST: &str = "backup.json";
/// What this build writes and reads.
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this layout.
    pub format: u32,
    /// The build that made it.
    pub made_by: String,
    /// By the machine's clock: everything that was acknowledged before is in it.
    pub began: Timestamp,
    /// By the machine's clock: nothing that was asked for later is in it.
    pub ended: Timestamp,
    /// All partitions of all services.
    pub partitions: Vec<Copied>,
    /// Dead letters of all services.
    pub dead_letters: Vec<CopiedTopic>,
}

/// A partition's events and receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Whose.
    pub service: String,
    /// Which.
    pub partition: u32,
    /// Records in the file, receipts included.
    pub records: u64,
    /// The file's bytes.
    pub bytes: u64,
    /// The file's SHA-256.
    pub sha256: String,
    /// The last event's sequence; a consistency token with a higher one names something that is not here.
    pub sequence: u64,
    /// The last receipt's time; nothing where there is none.
    pub time: Option<Timestamp>,
    /// Up to which number it has taken messages from each partition that sends to it.
    pub taken: Vec<(Channel, u64)>,
}

/// One partition of a topic that is copied as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedTopic {
    /// Whose.
    pub service: String,
    /// Which partition.
    pub partition: u32,
    /// Records in the file.
    pub records: u64,
    /// The file's SHA-256.
    pub sha256: String,
}

impl Copied {
    pub(super) fn id(&self) -> PartitionId {
        PartitionId::new(Cow::Owned(self.service.clone()), self.partition)
    }
}

/// Where a partition of a topic stands in the folder.
pub(super) fn file(folder: &Path, topic: &Topic, partition: u32) -> PathBuf {
    folder.join(format!("{topic}-{partition}.records"))
}

/// The dead letters of a service.
pub(super) fn dead_letters(service: &str) -> Topic {
    Topic::new(service.to_owned(), TopicKind::DeadLetters)
}

impl Manifest {
    pub(super) fn new(began: Timestamp, ended: Timestamp) -> Self {
        Self {
            format: FORMAT,
            made_by: concat!("interstate ", env!("CARGO_PKG_VERSION")).to_owned(),
            began,
            ended,
            partitions: Vec::new(),
            dead_letters: Vec::new(),
        }
    }

    /// Reads a folder's.
    ///
    /// # Errors
    /// It is not there, cannot be read, or was written by a build that lays backups out otherwise.
    pub fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => BackupError::NoBackup(folder.to_owned()),
            _ => BackupError::io(&path, "read", error),
        })?;
        let damaged = |why: String| BackupError::Damaged {
            path: path.clone(),
            why,
        };
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        match manifest.format {
            FORMAT => Ok(manifest),
            other => Err(damaged(format!(
                "it has layout {other}, and this build reads layout {FORMAT}: use the build that made it, {}",
                manifest.made_by
            ))),
        }
    }

    /// Finishes a backup: its folder holds one from here on, whatever becomes of the machine.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        let written = fs::write(&path, text)
            .and_then(|()| fs::File::open(&path)?.sync_all())
            .and_then(|()| fs::File::open(folder)?.sync_all());
        written.map_err(|error| BackupError::io(&path, "written", error))
    }

    /// Events, of all partitions.
    pub fn events(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.sequence).sum()
    }

    /// The bytes of its partitions' files.
    pub fn bytes(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.bytes).sum()
    }
}
