//! A disk of a few megabytes for one test.

use std::path::PathBuf;

/// Set in the process that has the small disk.
const DISK: &str = "LOG_TEST_SMALL_DISK";

/// Runs the test of this name again, in a mount namespace with a small disk of its own.
pub fn on_a_small_disk(test: &str, megabytes: u32) -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(DISK) {
        return Some(dir.into());
    }
    let dir = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size={megabytes}m tmpfs \"${DISK}\" && exec \"$0\" --exact {test} --nocapture"
    );
    let status = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(DISK, dir.path())
        .status()
        .expect("unshare (util-linux) runs");
    assert!(status.success(), "the test on the small disk failed");
    None
}
