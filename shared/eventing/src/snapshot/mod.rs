//! Copies of partitions' caches in a place that all instances reach: an empty disk starts near the end of the log
//! instead of at its beginning.
//!
//! A snapshot is a cache like the one on the disk, as of a receipt. It is never the truth: it is used only where the
//! log has that very receipt at that very place, and losing all of them costs a replay, never a fact.

mod format;

pub use format::{FormatError, Mark, Row};

use crate::store::{Put, StateStore, StoreError};
use bytes::Bytes;
use format::{Decoder, Encoder, Found};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use interstate_log::PartitionId;
use object_store::{
    GetOptions, ObjectStore, ObjectStoreExt, PutMultipartOptions, local::LocalFileSystem, path::Path,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes sent at once; object stores want 5 MiB at the least.
const PART: usize = 8 * 1024 * 1024;
/// So many of each partition are kept: one is read while the next is written.
const KEPT: usize = 2;

/// Why a snapshot cannot be taken or used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The place where they are kept.
    #[error("the snapshots' store: {0}")]
    Kept(#[from] object_store::Error),
    /// The folder where they are to be kept.
    #[error("the snapshots' folder {folder}: {source}; it must be there and writable for every instance")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The cache on this machine's disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is kept there is no snapshot.
    #[error("the snapshot {name} is unreadable: {error}")]
    Format {
        /// Which.
        name: String,
        /// Why.
        error: FormatError,
    },
    /// A row of the cache that would not be read again.
    #[error("a state of {0} bytes is longer than a snapshot holds; its partition is replayed instead")]
    TooLong(usize),
    /// It shows something else than its name says.
    #[error("the snapshot {0} shows another moment than its name says")]
    Misnamed(String),
}

/// Where snapshots are kept, and how often one is taken. Clones share it.
#[derive(Clone)]
pub struct Snapshots {
    kept: Arc<dyn ObjectStore>,
    every: u64,
}

/// A snapshot that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Where the log goes on behind it.
    pub(crate) next: u64,
    path: Path,
}

impl Snapshots {
    /// One of each partition after so many records of its events; keep `every` well above what is read in a second.
    pub fn new(kept: Arc<dyn ObjectStore>, every: u64) -> Self {
        let every = every.max(1);
        Self { kept, every }
    }

    /// The same in a folder, which is made where it does not exist.
    pub fn in_folder(folder: &std::path::Path, every: u64) -> Result<Self, SnapshotError> {
        std::fs::create_dir_all(folder).map_err(|source| SnapshotError::Folder {
            folder: folder.display().to_string(),
            source,
        })?;
        let kept = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self::new(Arc::new(kept), every))
    }

    /// Whether what is kept here can be listed. Changes nothing, and so does not tell whether anything can be kept.
    pub async fn look(&self) -> Result<(), SnapshotError> {
        self.kept.list(None).next().await.transpose()?;
        Ok(())
    }

    /// Writes, reads and removes a few bytes of this name: whether snapshots could be taken and used here.
    pub async fn try_out(&self, name: &str) -> Result<(), SnapshotError> {
        let path = Path::from("tried-out").join(name);
        self.kept.put(&path, name.to_owned().into()).await?;
        let read = self.kept.get(&path).await?.bytes().await?;
        self.kept.delete(&path).await?;
        if read == name.as_bytes() {
            Ok(())
        } else {
            Err(SnapshotError::Misnamed(path.to_string()))
        }
    }

    pub(crate) fn every(&self) -> u64 {
        self.every
    }

    /// Takes one, unless there is one already that is young enough; up to where the youngest goes then. Older ones
    /// are removed.
    pub(crate) async fn take(
        &self,
        mark: &Mark,
        rows: impl Iterator<Item = Result<Row, StoreError>> + Send,
    ) -> Result<u64, SnapshotError> {
        let id = PartitionId::new(mark.service.clone(), mark.partition);
        let own = folder(&id, &mark.shape);
        let youngest = self.youngest(&id, &mark.shape).await?;
        if let Some(youngest) = youngest.filter(|kept| kept.next + self.every > mark.next) {
            return Ok(youngest.next);
        }
        let path = own.clone().join(format!("{:020}", mark.next));
        let mut upload = self
            .kept
            .put_multipart_opts(&path, PutMultipartOptions::default())
            .await?;
        let mut encoder = Encoder::new(mark, rows);
        let sent = async {
            let mut part = Vec::new();
            while encoder.next(&mut part)? {
                if part.len() >= PART {
                    upload.put_part(std::mem::take(&mut part).into()).await?;
                }
                // It has read a piece of the disk: others may have waited for this worker.
                tokio::task::yield_now().await;
            }
            if !part.is_empty() {
                upload.put_part(part.into()).await?;
            }
            Ok::<_, SnapshotError>(())
        };
        if let Err(error) = sent.await {
            // What cannot be taken back now, the store forgets by its own rules.
            let _ = upload.abort().await;
            return Err(error);
        }
        upload.complete().await?;
        self.tidy(&id, &own).await?;
        Ok(mark.next)
    }

    /// The youngest one of a partition whose states have this shape.
    pub(crate) async fn youngest(
        &self,
        id: &PartitionId,
        shape: &str,
    ) -> Result<Option<Kept>, SnapshotError> {
        let all = self.all(&folder(id, shape)).await?;
        Ok(all.into_iter().max_by_key(|kept| kept.next))
    }

    /// Opens one: its moment is known then.
    pub(crate) async fn open(&self, kept: Kept) -> Result<Snapshot, SnapshotError> {
        let got = self.kept.get_opts(&kept.path, GetOptions::default()).await?;
        let mut parts = Parts {
            name: kept.path.to_string(),
            bytes: got.into_stream(),
            decoder: Decoder::new(),
        };
        match parts.next().await? {
            Found::Mark(mark) if mark.next == kept.next => Ok(Snapshot { mark, parts }),
            _ => Err(SnapshotError::Misnamed(parts.name)),
        }
    }

    /// Those of a shape, or of all shapes.
    async fn all(&self, folder: &Path) -> Result<Vec<Kept>, SnapshotError> {
        let found = self.kept.list(Some(folder)).try_collect::<Vec<_>>().await?;
        let each = found.into_iter().filter_map(|object| {
            let next = object.location.filename()?.parse().ok()?;
            Some(Kept {
                next,
                path: object.location,
            })
        });
        Ok(each.collect())
    }

    /// Removes all but the youngest, and those of other shapes once nobody has needed them for as long.
    async fn tidy(&self, id: &PartitionId, own: &Path) -> Result<(), SnapshotError> {
        let (mut ours, others): (Vec<_>, Vec<_>) = self
            .all(&of(id))
            .await?
            .into_iter()
            .partition(|kept| kept.path.prefix_matches(own));
        ours.sort_by_key(|kept| std::cmp::Reverse(kept.next));
        let enough = ours.len() >= KEPT;
        let old = ours
            .into_iter()
            .skip(KEPT)
            .chain(others.into_iter().filter(move |_| enough));
        let paths = futures::stream::iter(old.map(|kept| Ok(kept.path))).boxed();
        let mut removed = self.kept.delete_stream(paths);
        while let Some(removed) = removed.next().await {
            match removed {
                // Another instance was quicker.
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// A snapshot that is being read.
pub(crate) struct Snapshot {
    mark: Mark,
    parts: Parts,
}

impl Snapshot {
    /// Which moment it shows.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Writes it into a cache, which is emptied first; where that fails, the cache is empty.
    pub(crate) async fn load(mut self, store: &mut dyn StateStore) -> Result<(), SnapshotError> {
        store.clear()?;
        let loaded = self.copy(store).await;
        if loaded.is_err() {
            store.clear()?;
        }
        loaded
    }

    async fn copy(&mut self, store: &mut dyn StateStore) -> Result<(), SnapshotError> {
        // Without the row of the whole partition the others are nothing to anybody: it comes last.
        let mut core = None;
        while let Found::Rows(mut rows) = self.parts.next().await? {
            if let Some(at) = rows.iter().position(|(key, _)| key == CORE) {
                core = Some(rows.swap_remove(at));
            }
            store.write(puts(rows))?;
        }
        store.write(puts(core))?;
        Ok(())
    }
}

/// What a snapshot's bytes give, one after the other.
struct Parts {
    name: String,
    bytes: BoxStream<'static, object_store::Result<Bytes>>,
    decoder: Decoder,
}

impl Parts {
    async fn next(&mut self) -> Result<Found, SnapshotError> {
        loop {
            let found = match self.decoder.next() {
                Ok(None) => match self.bytes.try_next().await? {
                    Some(bytes) => {
                        self.decoder.push(&bytes);
                        continue;
                    }
                    None => self.decoder.end().map(|()| Found::End),
                },
                // Nothing may stand behind the end.
                Ok(Some(Found::End)) => continue,
                found => found.map(|found| found.unwrap_or(Found::End)),
            };
            return found.map_err(|error| SnapshotError::Format {
                name: self.name.clone(),
                error,
            });
        }
    }
}

fn puts(rows: impl IntoIterator<Item = Row>) -> Vec<Put> {
    let each = rows.into_iter().map(|(key, value)| (key, Some(value)));
    each.collect()
}

/// The row of the whole partition, which says that the others are there.
const CORE: &[u8] = b"c";

fn of(id: &PartitionId) -> Path {
    Path::from(&*id.service).join(id.index.to_string())
}

/// A shape is too long for a name.
fn folder(id: &PartitionId, shape: &str) -> Path {
    let digest = Sha256::digest(shape);
    let short: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    of(id).join(short)
}
