//! The clock's acceleration, kept in the folder of keys: a log that was filled at one speed goes on at it, and
//! instances that share the folder have one time.

use interstate_eventing::runtime::MachineClock;
use interstate_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};

const FILE: &str = "clock.json";

/// Why the folder's clock cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClockFileError {
    /// The file cannot be read or written.
    #[error("the clock of the folder, {path}: {why}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Another factor than the log was filled with would move its time backwards or apart.
    #[error(
        "this folder's time runs {found} times as fast as real time and {wanted} was asked for; \
         use CLOCK_FACTOR={found}, or another DATA_DIR (KEYS_DIR where it is set)"
    )]
    Factor {
        /// The folder's.
        found: u32,
        /// What was asked for.
        wanted: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Kept {
    anchor: Timestamp,
    factor: u32,
}

/// Whether a folder's clock is of this factor, or not made yet. Makes nothing.
pub fn look(dir: &Path, factor: u32) -> Result<(), ClockFileError> {
    let path = dir.join(FILE);
    match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        found => clock(&path, found, factor).map(drop),
    }
}

/// The folder's clock; a new folder gets one of this factor. Of processes that start at once in a new folder
/// one makes the clock, and the others find it.
pub fn open(dir: &Path, factor: u32) -> Result<MachineClock, ClockFileError> {
    let path = dir.join(FILE);
    let found = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(&path, factor).and_then(|()| std::fs::read(&path))
        }
        found => found,
    };
    clock(&path, found, factor)
}

fn clock(path: &Path, found: io::Result<Vec<u8>>, factor: u32) -> Result<MachineClock, ClockFileError> {
    let fail = |why: String| ClockFileError::File {
        path: path.to_owned(),
        why,
    };
    let bytes = found.map_err(|error| fail(error.to_string()))?;
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))?;
    if kept.factor != factor {
        return Err(ClockFileError::Factor {
            found: kept.factor,
            wanted: factor,
        });
    }
    Ok(MachineClock {
        anchor: kept.anchor,
        factor,
    })
}

/// Written whole under another name, then linked: nobody reads half of it, and the first one stays.
fn make(path: &Path, factor: u32) -> io::Result<()> {
    let kept = Kept {
        anchor: MachineClock::machine_now(),
        factor,
    };
    let draft = path.with_extension(format!("{:016x}.draft", rand::random::<u64>()));
    std::fs::write(&draft, serde_json::to_vec_pretty(&kept)?)?;
    let linked = std::fs::hard_link(&draft, path);
    let _ = std::fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_eventing::runtime::Clock;

    #[test]
    fn a_folder_keeps_its_speed() {
        let dir = tempfile::tempdir().unwrap();
        look(dir.path(), 1).unwrap();
        let clock = open(dir.path(), 600).unwrap();
        look(dir.path(), 600).unwrap();
        assert!(look(dir.path(), 1).is_err());
        let again = open(dir.path(), 600).unwrap();
        assert_eq!((clock.anchor, clock.factor), (again.anchor, again.factor));
        assert!(matches!(
            open(dir.path(), 1),
            Err(ClockFileError::Factor {
                found: 600,
                wanted: 1
            })
        ));
        let before = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(
            clock.now().duration_since(before).as_secs() >= 12,
            "600 times as fast"
        );
    }
    #[test]
    fn instances_that_start_at_once_have_one_time() {
        let dir = tempfile::tempdir().unwrap();
        let anchors: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
            let opened: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| open(dir.path(), 600).unwrap().anchor))
                .collect();
            opened.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(anchors.len(), 1);
    }
}
