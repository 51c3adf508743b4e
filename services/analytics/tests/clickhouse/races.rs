//! Two who take the same events up, and a crash between any two steps.

use crate::{history, server::Server, suite::checks::behind};
use interstate_analytics::read::clickhouse::ClickHouseFacts;
use interstate_eventing::projection::{Position, ReadModel};
use interstate_log::PartitionId;

#[tokio::test]
async fn of_two_readers_of_a_partition_one_is_told_to_look_again() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let log = history::open(dir.path()).await;
    history::write(&log, 0, 0, 10, 10).await;
    let one = ClickHouseFacts::new(&server.database(), history::SERVICE, log.clone());
    let other = ClickHouseFacts::new(&server.database(), history::SERVICE, log);
    let source = PartitionId::new(history::SERVICE, 0);
    assert_eq!(one.position(&source).await.unwrap(), Position::default());
    assert_eq!(other.position(&source).await.unwrap(), Position::default());

    let events = history::events(0, 1, 20);
    one.apply(&source, &events[..10], behind(10)).await.unwrap();
    // The same beginning with another end: what stands there is the first one's.
    let told = other.apply(&source, &events, behind(20)).await.unwrap();
    assert_eq!(told.overtaken, Some(behind(10)));
    let told = other.apply(&source, &events[10..], behind(20)).await.unwrap();
    assert_eq!(told.overtaken, None);
    // One goes on where it thinks it is; even the same block is not taken twice.
    let told = one.apply(&source, &events[10..], behind(20)).await.unwrap();
    assert_eq!(told.overtaken, Some(behind(20)));
    assert_eq!(server.number("SELECT count() FROM events").await, 20);
    assert_eq!(server.number("SELECT sum(events) FROM events_daily").await, 20);
}
