//! A rebuild beside another instance that goes on, and whoever stands still in the midst of something.

use crate::{
    history::{self, SERVICE},
    lane::{Hold, Lane},
    platform::Platform,
};
use interstate_eventing::{
    Event,
    projection::{ReadModel, encode_event},
};
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

const MODEL: &str = "analytics-booking";
/// Taken up in several times as long as a rebuild takes.
const BLOCKS: u64 = 90;

#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_takes_up_during_a_rebuild_stays() {
    let platform = Platform::start(BLOCKS).await;
    let (going_on, rebuilding) = (platform.instance(), platform.instance());
    let (over, rebuilt) = (AtomicBool::new(false), AtomicUsize::new(0));
    let traffic = async {
        for block in 0..platform.blocks.len() {
            // Whichever of the two is the faster one here, each third meets a rebuild.
            while block * 3 / platform.blocks.len() > rebuilt.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let (_, to) = platform.blocks[block];
            if let Some(overtaken) = platform.take(&going_on, block).await {
                assert_eq!(
                    overtaken, to,
                    "a rebuild takes this very block up, or nobody does"
                );
            }
        }
        over.store(true, Ordering::SeqCst);
    };
    let rebuilds = async {
        let mut equal = Vec::new();
        while !over.load(Ordering::SeqCst) {
            let verify = equal.len() % 2 == 0;
            equal.push(platform.rebuild(&rebuilding, verify).await.unwrap());
            rebuilt.store(equal.len(), Ordering::SeqCst);
        }
        equal
    };
    let ((), equal) = futures::join!(traffic, rebuilds);
    println!("compared with its replay {equal:?}");
    platform.is_whole(BLOCKS).await;
    assert!(equal.len() >= 2, "only {} rebuilds met it", equal.len());
    assert!(
        equal.iter().all(|equal| *equal),
        "what stands still differs from its replay: {equal:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rebuilds_at_once_do_not_meet() {
    let platform = Platform::start(40).await;
    let (one, other, going_on) = (platform.instance(), platform.instance(), platform.instance());
    for block in 0..20 {
        platform.take(&one, block).await;
    }
    let rebuilds = async {
        for (first, second) in [(true, true), (true, false), (false, false)] {
            let both = futures::join!(platform.rebuild(&one, first), platform.rebuild(&other, second));
            assert!(both.0.unwrap() && both.1.unwrap());
        }
    };
    let traffic = async {
        for block in 20..40 {
            platform.take(&going_on, block).await;
        }
    };
    futures::join!(rebuilds, traffic);
    platform.is_whole(40).await;
    let turns = platform
        .server
        .number("SELECT uniqExact(turn) FROM standstills WHERE turn > 0")
        .await;
    assert_eq!(turns, 6, "each had a standstill of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_takes_up_of_what_was_parked_is_not_waited_for_by_another() {
    let platform = Platform::start(2).await;
    let (mut events, to) = platform.blocks[0].clone();
    let first = events[0].clone();
    events[0].payload = "{}".into();
    let (going_on, mending) = (platform.instance(), platform.instance());
    let applied = going_on.apply(&platform.source, &events, to).await.unwrap();
    let own = |events: &[Event]| {
        events
            .iter()
            .filter(|event| event.subject == first.subject)
            .count() as u64
    };
    assert_eq!(applied.parked, own(&events));
    assert!(own(&platform.blocks[1].0) > 0, "what comes later is about others");
    // As if a later build could read it.
    let bytes: Vec<String> = encode_event(&first).iter().map(u8::to_string).collect();
    let mended = format!(
        "INSERT INTO parked VALUES ('{MODEL}', '{SERVICE}', 0, {}, '{}', '{}', [{}], '', now64(3), 2, 0)",
        first.sequence,
        first.subject,
        first.event_type,
        bytes.join(",")
    );
    platform.server.change(&mended).await;
    let retried = mending.retry_parked(&platform.source).await.unwrap();
    assert_eq!((retried.handled, retried.parked), (applied.parked, 0));
    // The other instance's position has not moved, and it still remembers the subject.
    platform.take(&going_on, 1).await;
    assert_eq!(going_on.parked_count(&platform.source).await.unwrap(), 0);
    platform.is_whole(2).await;
    let again = mending.retry_parked(&platform.source).await.unwrap();
    assert_eq!((again.handled, again.parked), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_come_after_a_rebuild_has_taken_their_block_up_are_dropped() {
    for table in ["quotes%60", "bookings%60", "events%60"] {
        rows_come_late(table).await;
    }
}

async fn rows_come_late(table: &'static str) {
    let platform = Platform::start(2).await;
    let lane = Lane::to(platform.server.engine.port()).await;
    let (slow, rebuilding) = (platform.instance_on(&lane.database()), platform.instance());
    platform.take(&slow, 0).await;
    lane.hold(Hold::Request(table));
    let taking = platform.take(&slow, 1);
    let rebuild = async {
        lane.caught().await;
        let equal = platform.rebuild(&rebuilding, false).await.unwrap();
        lane.hold(Hold::Nothing);
        equal
    };
    let (_, equal) = futures::join!(taking, rebuild);
    assert!(equal);
    platform.is_whole(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_taken_for_dead_replaces_nothing() {
    let platform = Platform::start(3).await;
    let lane = Lane::to(platform.server.engine.port()).await;
    let (rebuilding, going_on) = (platform.instance_on(&lane.database()), platform.instance());
    platform.take(&going_on, 0).await;
    platform.take(&going_on, 1).await;
    lane.hold(Hold::Request("REPLACE PARTITION"));
    let rebuild = platform.rebuild(&rebuilding, false);
    let others = async {
        lane.caught().await;
        // As if it had not been heard of for long.
        platform
            .server
            .change(
                "INSERT INTO standstills SELECT model, turn, beside, 1, max(version) + 1000000 FROM standstills
                 WHERE turn > 0 GROUP BY model, turn, beside ORDER BY turn DESC LIMIT 1",
            )
            .await;
        platform.take(&going_on, 2).await;
        lane.hold(Hold::Nothing);
    };
    let (rebuilt, ()) = futures::join!(rebuild, others);
    let complaint = rebuilt.unwrap_err().to_string();
    println!("{complaint}");
    platform.is_whole(3).await;
    assert!(platform.rebuild(&rebuilding, false).await.unwrap());
    platform.is_whole(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_a_standstill_and_dies_is_waited_for_and_then_cleared_away() {
    let platform = Platform::start(2).await;
    let going_on = platform.instance();
    platform.take(&going_on, 0).await;
    let (server, dead) = (
        &platform.server,
        "facts_booking_rebuild_0000000000000000000000000000dead",
    );
    server.change(&format!("CREATE DATABASE {dead}")).await;
    server
        .change(&format!(
            "INSERT INTO standstills SELECT '{MODEL}', 1, '{dead}', until, until FROM
             (SELECT toUInt64(toUnixTimestamp64Milli(now64(3))) + 3000 AS until)"
        ))
        .await;
    let began = Instant::now();
    platform.take(&going_on, 1).await;
    let waited = began.elapsed();
    assert!(
        waited > Duration::from_secs(2),
        "it was not waited for: {waited:?}"
    );
    platform.is_whole(2).await;
    // And what died before it had called anything is cleared away by the next one; what somebody else made is not.
    let backup = "facts_booking_rebuild_backup";
    for database in [dead, backup] {
        server.change(&format!("CREATE DATABASE {database}")).await;
    }
    assert!(platform.rebuild(&going_on, true).await.unwrap());
    server.change(&format!("DROP DATABASE {backup}")).await;
    platform.is_whole(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stood_still_for_longer_than_tokens_are_remembered_looks_again() {
    let platform = Platform::start(4).await;
    let lane = Lane::to(platform.server.engine.port()).await;
    let (frozen, going_on) = (platform.instance_on(&lane.database()), platform.instance());
    for (table, _) in history::rows(0) {
        let forgetful = "MODIFY SETTING non_replicated_deduplication_window = 1";
        let forget = format!("ALTER TABLE {table} {forgetful}");
        platform.server.change(&forget).await;
    }
    platform.take(&frozen, 0).await;
    // What it asks the ledger after its announcement is answered at once, and it hears of it much later.
    lane.hold(Hold::Answer("FROM positions"));
    let taking = platform.take(&frozen, 1);
    let others = async {
        lane.caught().await;
        for block in 1..4 {
            platform.take(&going_on, block).await;
        }
        tokio::time::sleep(Duration::from_secs(6)).await;
        lane.hold(Hold::Nothing);
    };
    let (overtaken, ()) = futures::join!(taking, others);
    platform.is_whole(4).await;
    assert_eq!(overtaken, Some(platform.blocks[3].1));
}
