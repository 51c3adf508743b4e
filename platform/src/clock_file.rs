//! The clock's acceleration, kept in the data folder: a folder that was filled at one speed goes on at it.

use interstate_eventing::runtime::MachineClock;
use interstate_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const FILE: &str = "clock.json";

/// Why the data folder's clock cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClockFileError {
    /// The file cannot be read or written.
    #[error("the clock of the data folder, {path}: {why}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Another factor than the folder was filled with would move its time backwards or apart.
    #[error(
        "the data folder runs {found} times as fast as real time and {wanted} was asked for; \
         use CLOCK_FACTOR={found}, or another DATA_DIR"
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

/// The folder's clock; a new folder gets one of this factor.
pub fn open(dir: &Path, factor: u32) -> Result<MachineClock, ClockFileError> {
    let path = dir.join(FILE);
    let fail = |why: String| ClockFileError::File {
        path: path.clone(),
        why,
    };
    match std::fs::read(&path) {
        Ok(bytes) => {
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
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let kept = Kept {
                anchor: MachineClock::machine_now(),
                factor,
            };
            let bytes = serde_json::to_vec_pretty(&kept).map_err(|error| fail(error.to_string()))?;
            std::fs::write(&path, bytes).map_err(|error| fail(error.to_string()))?;
            Ok(MachineClock {
                anchor: kept.anchor,
                factor,
            })
        }
        Err(error) => Err(fail(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_eventing::runtime::Clock;

    #[test]
    fn a_folder_keeps_its_speed() {
        let dir = tempfile::tempdir().unwrap();
        let clock = open(dir.path(), 600).unwrap();
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
}
