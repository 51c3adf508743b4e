//! The suite of read models on real SQLite files, and what only files have.
#![expect(clippy::unwrap_used, reason = "tests")]

mod shelf;
#[path = "../suite/mod.rs"]
mod suite;

use shelf::Files;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_read_models() {
    suite::run(async |_| Files::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_begins_empty() {
    let files = Files::new();
    std::fs::write(
        files.path(),
        b"this is no database, and long enough to see it".repeat(50),
    )
    .unwrap();
    let model = suite::Shelf::open(&files, std::sync::Arc::default()).await;
    let source = interstate_log::PartitionId::new(suite::SERVICE, 0);
    assert_eq!(model.position(&source).await.unwrap().sequence, 0);
}
