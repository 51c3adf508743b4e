//! From where the open operations are found again: the position before the oldest of them.

use interstate_eventing::projection::Position;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Keeps a position a partition. One that is lost costs time, nothing else: the log is read from its beginning.
pub trait Positions: Send + Sync + 'static {
    /// Where to begin.
    fn load(&self, partition: u32) -> io::Result<Position>;
    /// Begin there the next time.
    fn save(&self, partition: u32, position: Position) -> io::Result<()>;
}

/// Forgotten with the process.
#[derive(Debug, Default)]
pub struct MemoryPositions(Mutex<BTreeMap<u32, Position>>);

impl MemoryPositions {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u32, Position>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Positions for MemoryPositions {
    fn load(&self, partition: u32) -> io::Result<Position> {
        Ok(self.all().get(&partition).copied().unwrap_or_default())
    }

    fn save(&self, partition: u32, position: Position) -> io::Result<()> {
        self.all().insert(partition, position);
        Ok(())
    }
}

/// A small file a partition, replaced whole.
#[derive(Debug)]
pub struct FilePositions(PathBuf);

impl FilePositions {
    /// Files in this folder, which is made where it is missing.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder.as_ref().to_owned()))
    }

    fn path(&self, partition: u32) -> PathBuf {
        self.0.join(format!("payment-effects-{partition}"))
    }
}

impl Positions for FilePositions {
    fn load(&self, partition: u32) -> io::Result<Position> {
        match std::fs::read_to_string(self.path(partition)) {
            // A file that a crash has cut short reads as none.
            Ok(text) => Ok(read(&text).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Position::default()),
            Err(error) => Err(error),
        }
    }

    fn save(&self, partition: u32, position: Position) -> io::Result<()> {
        let Position {
            next,
            sequence,
            receipt,
            incarnation,
        } = position;
        let path = self.path(partition);
        let new = path.with_extension("new");
        std::fs::write(&new, format!("{next} {sequence} {receipt} {incarnation}\n"))?;
        std::fs::rename(new, path)
    }
}

fn read(text: &str) -> Option<Position> {
    let mut numbers = text
        .strip_suffix('\n')?
        .split(' ')
        .map(|number| number.parse::<u64>().ok());
    let mut next = || numbers.next().flatten();
    Some(Position {
        next: next()?,
        sequence: next()?,
        receipt: next()?,
        incarnation: u32::try_from(next()?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_and_half_a_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let positions = FilePositions::open(folder.path()).unwrap();
        let position = Position {
            next: 12,
            sequence: 9,
            receipt: 3,
            incarnation: 1,
        };
        assert_eq!(positions.load(0).unwrap(), Position::default());
        positions.save(0, position).unwrap();
        assert_eq!(positions.load(0).unwrap(), position);
        std::fs::write(folder.path().join("payment-effects-0"), "12 9").unwrap();
        assert_eq!(positions.load(0).unwrap(), Position::default());
    }
}
