//! The facts made again beside the live ones.

use crate::{history, server::Server};
use interstate_analytics::read::clickhouse::ClickHouseFacts;
use interstate_eventing::projection::ReadModel;
use interstate_log::{PartitionId, Topic};
use interstate_stores::{Replay, StoredModel};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_again_is_the_same_or_takes_the_place() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let log = history::open(dir.path()).await;
    let last = history::write(&log, 0, 0, 100, 20).await;
    let sources = [PartitionId::new(history::SERVICE, 0)];
    assert!(log.end(&Topic::events(history::SERVICE), 0).await.unwrap() > last);
    let live = ClickHouseFacts::new(&server.database(), history::SERVICE, log.clone());
    let from = live.position(&sources[0]).await.unwrap();
    let to = interstate_eventing::projection::Position { receipt: 100, ..from };
    let mut replay = Replay::between(&*log, &sources[0], from, to).await.unwrap();
    while let Some((events, behind)) = replay.next().await.unwrap() {
        live.apply(&sources[0], &events, behind).await.unwrap();
    }

    let same = live.rebuild(&*log, &sources, true).await.unwrap();
    assert!(same.is_equal() && !same.switched, "{same:?}");
    assert_eq!((same.events, same.tables["events"].0), (last, last));

    // Somebody has been in there.
    server
        .change("ALTER TABLE trips DELETE WHERE 1 SETTINGS mutations_sync = 1")
        .await;
    server
        .change("INSERT INTO quotes SELECT * REPLACE (payable + 1 AS payable) FROM quotes LIMIT 1")
        .await;
    // In a partition that no event is in.
    server
        .change("INSERT INTO stages SELECT * REPLACE (toDate('2020-01-01') AS day) FROM stages LIMIT 1")
        .await;
    let other = live.rebuild(&*log, &sources, true).await.unwrap();
    assert!(
        !other.tables["trips"].2 && !other.tables["quotes"].2 && other.tables["bookings"].2,
        "{other:?}"
    );
    let mended = live.rebuild(&*log, &sources, false).await.unwrap();
    assert!(mended.switched, "{mended:?}");
    let again = live.rebuild(&*log, &sources, true).await.unwrap();
    assert!(again.is_equal(), "{again:?}");
    // And it goes on where it was.
    assert_eq!(live.position(&sources[0]).await.unwrap().sequence, last);
    let left = server
        .number("SELECT count() FROM system.databases WHERE name LIKE '%rebuild%'")
        .await;
    assert_eq!(left, 0);
}
