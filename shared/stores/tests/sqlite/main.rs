//! The suite of read models on real SQLite files, and what only files have.
#![expect(clippy::unwrap_used, reason = "tests")]

mod shelf;
#[path = "../suite/mod.rs"]
mod suite;

use rusqlite::Connection;
use shelf::Files;
use std::{
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use suite::{Shelf, World};

const PATIENCE: Duration = Duration::from_secs(20);

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

/// Writes nonsense over the first page of a table.
fn spoil(path: &Path, table: &str) {
    let db = Connection::open(path).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let size: u32 = db.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    let page: u32 = db.query_row(root, [table], |row| row.get(0)).unwrap();
    drop(db);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(&vec![0xff; size as usize], u64::from(page - 1) * u64::from(size))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_found_damaged_under_way_begins_empty_at_the_next_start() {
    let files = Arc::new(Files::new());
    let mut world = World::new(files.clone()).await;
    let model = files.open(Arc::default()).await;
    let (position, running) = world.start(&model);
    let seen = world.ledger(0).credit(&[("asha", "10")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    drop((position, running, model));
    spoil(&files.path(), "balances");

    let model = files.open(Arc::default()).await;
    let (position, running) = world.start(&model);
    let seen = world.ledger(0).credit(&[("asha", "5")]).await;
    let until = Instant::now() + PATIENCE;
    let mark = files.path().with_file_name("ledger.db-damaged");
    while !mark.exists() {
        assert!(Instant::now() < until, "nobody has noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop((position, running, model));

    let model = files.open(Arc::default()).await;
    assert!(!mark.exists());
    let (position, _running) = world.start(&model);
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    assert_eq!(files.balance("asha").await, Some((15, 2)));
}
