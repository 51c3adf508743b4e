//! A disk of a few megabytes for one test.

use std::path::PathBuf;

/// Set in the process that has the small disk.
const DISK: &str = "TEST_SMALL_DISK";

/// Runs the test of this name again, in a mount namespace with a small disk of its own.
///
/// # Panics
/// The test fails there, or there is no such disk to be had.
pub fn on_a_small_disk(test: &str, megabytes: u32) -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(DISK) {
        return Some(dir.into());
    }
    let dir = tempfile::tempdir().expect("the folder of temporary files can be written");
    let script = format!(
        "mount -t tmpfs -o size={megabytes}m tmpfs \"${DISK}\" && exec \"$0\" --exact {test} --nocapture"
    );
    let status = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(std::env::current_exe().expect("a test has a file"))
        .env(DISK, dir.path())
        .status()
        .expect("unshare (util-linux) runs");
    assert!(status.success(), "the test on the small disk failed");
    None
}
