//! How far each partition has been acknowledged, in a small file beside the database.
//!
//! The database cuts its journal off without a word at the first entry that it cannot read: that is how it drops
//! what a crash left half written, and how a truncated file or a flipped bit would take acknowledged batches with
//! it. The marks tell the two apart. A mark is written after the batch has been synced and before anybody is
//! told, so it never claims too much. It is itself synced once a second: after a kill it is exact, after a power
//! cut it may lag by that second, in which a damaged tail is not noticed.

use crate::LogError;
use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

/// Between two syncs.
const EVERY: Duration = Duration::from_secs(1);
/// Bytes of one mark: the end, and a checksum over the partition's number and the end, little endian. The size
/// divides a disk's sector, so no mark is ever half written.
const SIZE: usize = 16;

pub(super) struct Marks {
    file: File,
    path: PathBuf,
    synced: Mutex<Option<Instant>>,
}

impl Marks {
    /// `fresh` says that there is no database yet; otherwise a missing file is damage.
    pub(super) fn open(dir: &Path, fresh: bool) -> Result<Self, LogError> {
        let path = dir.join("acknowledged");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(fresh)
            .truncate(false)
            .open(&path)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => LogError::Damaged {
                    at: path.display().to_string(),
                    why: "the file is missing".to_owned(),
                },
                _ => super::store::io(dir, &error),
            })?;
        Ok(Self {
            file,
            path,
            synced: Mutex::default(),
        })
    }

    /// The end that was acknowledged; nothing for a partition that was never made.
    pub(super) fn get(&self, partition: u32) -> Result<Option<u64>, LogError> {
        let mut mark = [0; SIZE];
        match self.file.read_exact_at(&mut mark, at(partition)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(super::store::io(&self.path, &error)),
        }
        if mark == [0; SIZE] {
            return Ok(None);
        }
        let end = u64::from_le_bytes(mark[..8].try_into().expect("eight of sixteen bytes"));
        if mark != encode(partition, end) {
            return Err(LogError::Damaged {
                at: format!("{}, partition {partition}", self.path.display()),
                why: "the mark's checksum is wrong".to_owned(),
            });
        }
        Ok(Some(end))
    }

    pub(super) fn set(&self, partition: u32, end: u64) -> Result<(), LogError> {
        self.file
            .write_all_at(&encode(partition, end), at(partition))
            .map_err(|error| super::store::io(&self.path, &error))
    }

    pub(super) fn sync(&self) -> Result<(), LogError> {
        *crate::lock(&self.synced) = Some(Instant::now());
        self.file
            .sync_data()
            .map_err(|error| super::store::io(&self.path, &error))
    }

    pub(super) fn sync_when_due(&self) -> Result<(), LogError> {
        let last = *crate::lock(&self.synced);
        match last {
            Some(last) if last.elapsed() < EVERY => Ok(()),
            _ => self.sync(),
        }
    }
}

fn at(partition: u32) -> u64 {
    u64::from(partition) * SIZE as u64
}

fn encode(partition: u32, end: u64) -> [u8; SIZE] {
    let mut mark = [0; SIZE];
    mark[..8].copy_from_slice(&end.to_le_bytes());
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(b"mark");
    hasher.update(&partition.to_le_bytes());
    hasher.update(&end.to_le_bytes());
    mark[8..12].copy_from_slice(&hasher.finalize().to_le_bytes());
    mark
}
