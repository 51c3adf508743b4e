//! The server is away for a while: the reader waits and goes on, nothing is lost or doubled.

use crate::{
    history,
    server::{PATIENCE, Server},
};
use interstate_analytics::{
    domain::{Period, Scope},
    read::{ReportError, Reports, clickhouse::ClickHouseReports},
};
use interstate_telemetry::gate::SPARED;
use jiff::civil::date;
use std::time::{Duration, Instant};

const MORE: u64 = 6_000;

/// Waits until so many events count.
async fn counted(server: &Server, events: u64) {
    let began = Instant::now();
    loop {
        let found = server.number("SELECT count() FROM events").await;
        if found == events {
            return;
        }
        assert!(found < events, "{found} of {events} are counted");
        assert!(began.elapsed() < PATIENCE, "only {found} of {events} are counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_or_dies_is_waited_for() {
    let mut server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let log = history::open(dir.path()).await;
    let mut written = history::write(&log, 0, 0, MORE / 30, 30).await;
    let db = server.database();
    db.prepare().await.unwrap();
    let (_running, consumers) = history::follow(&log, &db);
    counted(&server, written).await;

    for dies in [false, true] {
        let writing = history::write(&log, 0, written, MORE / 30, 30);
        let ((), last) = futures::join!(
            async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                match dies {
                    true => server.engine.kill(),
                    false => server.engine.pause(),
                }
            },
            writing
        );
        written = last;
        if dies {
            let began = Instant::now();
            while consumers.status().iter().all(|consumer| consumer.error.is_none()) {
                assert!(began.elapsed() < PATIENCE, "nobody says that the server is away");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let scope = Scope::all(Period::new(date(2026, 11, 20), date(2026, 11, 22)).unwrap());
            let reports = ClickHouseReports::new(&db);
            loop {
                let asked = Instant::now();
                let refused = reports.funnel(&scope).await.unwrap_err();
                assert!(
                    matches!(&refused, ReportError::Away(why) if why.contains("CLICKHOUSE_URL")),
                    "{refused}"
                );
                if refused.to_string().contains(SPARED) {
                    assert!(
                        asked.elapsed() < Duration::from_millis(100),
                        "{:?}",
                        asked.elapsed()
                    );
                    break;
                }
                assert!(began.elapsed() < PATIENCE, "it is asked for ever: {refused}");
            }
            tokio::task::block_in_place(|| server.engine.again());
        } else {
            tokio::time::sleep(Duration::from_secs(3)).await;
            server.engine.resume();
        }
        counted(&server, written).await;
        let summed = server.number("SELECT sum(sequence) FROM events").await;
        assert_eq!(summed, written * (written + 1) / 2, "dies: {dies}");
    }
}
