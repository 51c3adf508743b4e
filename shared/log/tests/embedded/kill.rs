//! kill -9 in the middle of a stream of batches.

#[path = "../common/mod.rs"]
mod common;

#[test]
fn a_killed_process_loses_nothing_acknowledged_and_leaves_no_half_batch() {
    let dir = tempfile::tempdir().unwrap();
    common::survives_kills("embedded", dir.path().to_str().unwrap(), "booking", 12);
}

#[test]
fn a_second_process_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().to_str().unwrap();
    let (mut first, _) = common::LogWriter::start("embedded", place, "booking");
    first.wait_for(1);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_log-writer"))
        .args(["embedded", place, "booking"])
        .output()
        .unwrap();
    assert!(!second.status.success());
    let complaint = String::from_utf8_lossy(&second.stderr);
    assert!(complaint.contains("InUse"), "{complaint}");
    first.kill();
}
