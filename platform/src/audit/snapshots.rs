//! Whether the place where partitions' states are kept for empty disks can be used.

use super::Check;
use interstate_eventing::snapshot::Snapshots;
use std::time::Duration;

const NAME: &str = "snapshots can be kept and read";
/// Snapshots have time; whoever runs the doctor has not.
const LIMIT: Duration = Duration::from_secs(10);

/// Tries the place out with an object of this instance's that nobody else names. Nothing where no place is set.
pub async fn snapshots(place: Option<&Snapshots>, instance: &str) -> Option<Check> {
    let name = format!("{instance}-{:08x}", rand::random::<u32>());
    let violation = match tokio::time::timeout(LIMIT, place?.try_out(&name)).await {
        Ok(tried) => tried.err().map(|error| error.to_string()),
        Err(_) => Some(format!("nothing could be kept within {LIMIT:?}")),
    };
    Some(Check::new(NAME, violation.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_that_cannot_be_written_is_said_with_its_name() {
        assert_eq!(snapshots(None, "one").await, None);
        let dir = tempfile::tempdir().unwrap();
        let place = Snapshots::in_folder(dir.path(), 1_000).unwrap();
        for _ in 0..2 {
            let check = snapshots(Some(&place), "one").await.unwrap();
            assert_eq!(check.violations, [""; 0]);
        }
        // A file where a folder should be stops whoever runs as root too.
        std::fs::remove_dir_all(dir.path().join("tried-out")).unwrap();
        std::fs::write(dir.path().join("tried-out"), "").unwrap();
        let check = snapshots(Some(&place), "one").await.unwrap();
        assert!(check.violations[0].contains("tried-out"), "{check:?}");
    }
}
