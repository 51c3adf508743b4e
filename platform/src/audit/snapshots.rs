//! Whether the place where partitions' states are kept for empty disks can be used.

use super::Check;
use interstate_eventing::snapshot::Snapshots;

const NAME: &str = "snapshots can be kept and read";

/// Tries the place out under this instance's name. Nothing where none is set.
pub async fn snapshots(place: Option<&Snapshots>, instance: &str) -> Option<Check> {
    let tried = place?.try_out(instance).await;
    let violations = tried.err().map(|error| error.to_string());
    Some(Check::new(NAME, violations.into_iter().collect()))
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
