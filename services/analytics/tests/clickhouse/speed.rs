//! Not a test: how fast blocks are taken up, against a bare insert of the same rows. Run by `make bench`, or by hand:
//! `cargo test --release -p interstate-analytics --test clickhouse speed -- --ignored --nocapture`.

use crate::{
    history,
    server::{PATIENCE, Server},
};
use interstate_analytics::read::clickhouse::bare_insert;
use std::time::{Duration, Instant};

const EVENTS: u64 = 100_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn how_fast_it_is() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let log = history::open(dir.path()).await;
    for partition in 0..2 {
        history::write(&log, partition, 0, EVENTS / 2 / 50, 50).await;
    }
    for round in 0..3 {
        let name = format!("{}_{round}", server.url());
        let db = crate::server::database(&name);
        db.prepare().await.unwrap();
        let began = Instant::now();
        let (running, consumers) = history::follow(&log, &db);
        while !consumers
            .status()
            .iter()
            .all(|consumer| consumer.sequence == EVENTS / 2)
        {
            assert!(began.elapsed() < PATIENCE, "{:?}", consumers.status());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let projected = began.elapsed().as_secs_f64();
        running.iter().for_each(tokio::task::JoinHandle::abort);

        let db = crate::server::database(&format!("{name}_bare"));
        db.prepare().await.unwrap();
        let blocks: Vec<_> = (0..2)
            .map(|partition| history::events(partition, 1, EVENTS / 2))
            .collect();
        let began = Instant::now();
        let spent =
            futures::future::join_all(blocks.iter().map(|events| bare_insert(&db, events, 2_000))).await;
        let bare = began.elapsed().as_secs_f64();
        spent.into_iter().for_each(|done| done.unwrap());
        let rate = |seconds: f64| EVENTS as f64 / seconds;
        println!(
            "\n{{\"what\":\"projection-clickhouse\",\"events_per_second\":{:.0},\"bare_events_per_second\":{:.0},\
             \"ratio\":{:.3}}}",
            rate(projected),
            rate(bare),
            bare / projected
        );
    }
}
