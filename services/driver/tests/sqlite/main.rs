//! The suite of the read model of searches and offers on SQLite files.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../suite/mod.rs"]
mod suite;

use interstate_stores::Sqlite;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_searches_and_offers() {
    let dir = tempfile::tempdir().unwrap();
    suite::run(async |name| {
        let db = Sqlite::open(dir.path().join(format!("{name}.db"))).await.unwrap();
        interstate_driver::read::sqlite::open(&db).await.unwrap()
    })
    .await;
}
