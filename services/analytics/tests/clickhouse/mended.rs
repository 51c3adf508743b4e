//! A server that was killed after it had noted a token, and before the rows were in place: it drops what is sent again.
//! Which the tests make of one that was killed later, by taking the rows away, for the tokens stay.

use crate::{
    history::{self, SERVICE},
    lane::{Hold, Lane},
    platform::{EACH, Platform},
    server::PATIENCE,
};
use interstate_eventing::projection::ReadModel;
use interstate_log::PartitionId;
use tokio::time::timeout;

/// What a server has lost is taken away behind the service's back.
async fn lose(platform: &Platform, table: &str, rows: &str) {
    // With a part that is empty its token would go.
    for change in [
        "MODIFY SETTING remove_empty_parts = 0".to_owned(),
        format!("DELETE WHERE {rows} SETTINGS mutations_sync = 2"),
    ] {
        platform
            .server
            .change(&format!("ALTER TABLE {table} {change}"))
            .await;
    }
}

/// Takes a block up to where this is sent, and kills the server then; it begins again.
async fn killed_at(platform: &mut Platform, block: usize, sent: &'static str) {
    let lane = Lane::to(platform.server.engine.port()).await;
    let instance = platform.instance_on(&lane.database());
    let (events, to) = platform.blocks[block].clone();
    instance.position(&platform.source).await.unwrap();
    lane.hold(Hold::Request(sent));
    tokio::select! {
        taken = instance.apply(&platform.source, &events, to) => panic!("it was not held: {taken:?}"),
        () = lane.caught() => platform.server.engine.kill(),
    }
    platform.server.engine.again();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_server_noted_and_lost_are_put_in() {
    let lost: [&[&str]; 4] = [
        &["events"],
        &["events_daily"],
        &["quotes", "bookings", "stages", "fare_lines"],
        &["events", "events_daily", "bookings"],
    ];
    let mut platform = Platform::start(6).await;
    platform.take(&platform.instance(), 0).await;
    for (tables, block) in lost.iter().zip(1_usize..) {
        killed_at(&mut platform, block, "positions%60").await;
        for table in *tables {
            let rows = match *table {
                "events_daily" => "1".to_owned(),
                _ => format!("sequence > {}", block as u64 * EACH),
            };
            lose(&platform, table, &rows).await;
        }
        // Both of them at once.
        let (one, other) = (platform.instance(), platform.instance());
        let found = futures::join!(one.position(&platform.source), other.position(&platform.source));
        assert_eq!(found.0.unwrap(), platform.blocks[block].1);
        assert_eq!(found.1.unwrap(), platform.blocks[block].1);
        platform.is_whole(block as u64 + 1).await;
    }
    platform.take(&platform.instance(), 5).await;
    platform.is_whole(6).await;
    let left = "SELECT count() FROM system.databases WHERE name LIKE '%mend%'";
    assert_eq!(platform.server.number(left).await, 0, "databases are left");
    assert!(platform.rebuild(&platform.instance(), true).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_in_another_partition_is_added_up_once() {
    let mut platform = Platform::start(2).await;
    platform.take(&platform.instance(), 0).await;
    history::write(&platform.log, 1, 0, 1, EACH).await;
    let (events, to) = history::blocks(&platform.log, 1).await.remove(0);
    let another = PartitionId::new(SERVICE, 1);
    killed_at(&mut platform, 1, "positions%60").await;
    lose(&platform, "events_daily", "1").await;
    let lane = Lane::to(platform.server.engine.port()).await;
    let (slow, mending) = (platform.instance_on(&lane.database()), platform.instance());
    slow.position(&another).await.unwrap();
    // Looked at before the standstill, inserted after it.
    lane.hold(Hold::Request("events%60"));
    let mended = async {
        lane.caught().await;
        mending.position(&platform.source).await.unwrap();
        lane.hold(Hold::Nothing);
    };
    let (taken, ()) = futures::join!(slow.apply(&another, &events, to), mended);
    taken.unwrap();
    for found in [
        "SELECT count() FROM events",
        "SELECT sum(events) FROM events_daily",
    ] {
        assert_eq!(platform.server.number(found).await, 3 * EACH, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_that_the_server_noted_and_lost_is_made_again() {
    let mut platform = Platform::start(3).await;
    platform.take(&platform.instance(), 0).await;
    killed_at(&mut platform, 1, "quotes%60").await;
    lose(&platform, "blocks", &format!("first = {}", EACH + 1)).await;
    let instance = platform.instance();
    for block in 1..3 {
        assert_eq!(platform.take(&instance, block).await, None);
    }
    platform.is_whole(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standstill_that_the_server_noted_and_lost_keeps_nobody_from_the_next() {
    let platform = Platform::start(1).await;
    platform.take(&platform.instance(), 0).await;
    for _ in 0..2 {
        assert!(platform.rebuild(&platform.instance(), true).await.unwrap());
    }
    lose(&platform, "standstills", "turn = 2").await;
    let rebuilding = platform.instance();
    let rebuilt = timeout(PATIENCE, platform.rebuild(&rebuilding, false)).await;
    assert!(rebuilt.expect("no turn is found").unwrap());
    platform.is_whole(1).await;
}
