//! The suite of the read model of people on SQLite files.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../suite/mod.rs"]
mod suite;

use interstate_stores::Sqlite;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_people() {
    let dir = tempfile::tempdir().unwrap();
    suite::run(async |name| {
        let db = Sqlite::open(dir.path().join(format!("{name}.db"))).await.unwrap();
        interstate_user::read::sqlite::open(&db).await.unwrap()
    })
    .await;
}
