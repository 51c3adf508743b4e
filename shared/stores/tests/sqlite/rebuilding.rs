use crate::fixture::{PARTITIONS, PATIENCE, SERVICE, World, balance};
use interstate_eventing::projection::Wait;
use interstate_stores::rebuild;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_traffic_equals_the_live_read_model_and_takes_its_place() {
    let mut world = World::new().await;
    let model = world.model().await;
    let (position, _running) = world.start(&model);
    let stop = Arc::new(AtomicBool::new(false));
    let traffic = {
        let (stop, mut ledgers) = (stop.clone(), world.ledgers());
        tokio::spawn(async move {
            let mut batches = 0i64;
            let mut last = None;
            while !stop.load(Ordering::SeqCst) || batches < 50 {
                let account = format!("account-{}", batches % 30);
                last = Some(ledgers[0].credit(&[("asha", "1"), (&account, "2")]).await);
                ledgers[1].credit(&[("ravi", "1"), ("meera", "bad")]).await;
                batches += 1;
            }
            (batches, last.unwrap())
        })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        let compared = rebuild(&*world.log, &model, SERVICE, PARTITIONS, true)
            .await
            .unwrap();
        assert!(compared.is_equal(), "{compared:?}");
        assert!(compared.events > 0 && !compared.switched);
        assert!(compared.tables["parked"].0 > 0, "{compared:?}");
        let compared = rebuild(&*world.log, &model, SERVICE, PARTITIONS, false)
            .await
            .unwrap();
        assert!(compared.is_equal() && compared.switched, "{compared:?}");
    }
    stop.store(true, Ordering::SeqCst);
    let (batches, seen) = traffic.await.unwrap();
    assert_eq!(
        position.wait_for(seen, None, PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    assert_eq!(balance(model.db(), "asha").await, Some((batches, batches)));
    let left: Vec<_> = std::fs::read_dir(world.dir.path())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.contains("rebuild"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_log_did_not_make_is_found_and_mended_by_a_switch() {
    let mut world = World::new().await;
    let model = world.model().await;
    let (position, _running) = world.start(&model);
    let seen = world.ledger(0).credit(&[("asha", "10"), ("ravi", "20")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();

    let intruder = rusqlite::Connection::open(model.db().path()).unwrap();
    intruder
        .execute("UPDATE balances SET amount = 11 WHERE account = 'asha'", [])
        .unwrap();

    let compared = rebuild(&*world.log, &model, SERVICE, PARTITIONS, true)
        .await
        .unwrap();
    assert_eq!(compared.tables["balances"], (2, 2, false));
    assert_eq!(balance(model.db(), "asha").await, Some((11, 1)), "it only looked");

    rebuild(&*world.log, &model, SERVICE, PARTITIONS, false)
        .await
        .unwrap();
    assert_eq!(balance(model.db(), "asha").await, Some((10, 1)));
    let seen = world.ledger(0).credit(&[("asha", "5")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    assert_eq!(
        balance(model.db(), "asha").await,
        Some((15, 2)),
        "its runner goes on"
    );
}

/// Run by hand: `cargo test --release -p interstate-stores -- --ignored --nocapture`.
#[ignore = "measures; says nothing on a busy machine"]
#[tokio::test(flavor = "multi_thread")]
async fn how_fast_a_rebuild_is_against_reading_and_dropping() {
    use interstate_eventing::Batches;
    const EVENTS: usize = 100_000;
    let mut world = World::new().await;
    let names: Vec<String> = (0..5000).map(|number| format!("account-{number}")).collect();
    for batch in 0..EVENTS / 100 {
        let credits: Vec<(&str, &str)> = (0..100)
            .map(|event| (names[(batch * 37 + event * 11) % names.len()].as_str(), "1"))
            .collect();
        world.ledger(batch % 2).credit(&credits).await;
    }
    let began = std::time::Instant::now();
    let mut dropped = 0;
    for partition in 0..PARTITIONS {
        let topic = interstate_log::Topic::events(SERVICE);
        let mut reader = world.log.read(&topic, partition, 0).await.unwrap();
        let mut batches = Batches::new(SERVICE.into(), partition, 0, 0);
        loop {
            let chunk = reader.poll(5000).await.unwrap();
            if chunk.records.is_empty() {
                break;
            }
            for stored in &chunk.records {
                dropped += batches
                    .push(stored)
                    .unwrap()
                    .map_or(0, |batch| batch.events.len());
            }
        }
    }
    let read = dropped as f64 / began.elapsed().as_secs_f64();
    let model = world.model().await;
    let (position, _running) = world.start(&model);
    let began = std::time::Instant::now();
    while position.sequence(0) + position.sequence(1) < EVENTS as u64 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let live = EVENTS as f64 / began.elapsed().as_secs_f64();
    let began = std::time::Instant::now();
    let compared = rebuild(&*world.log, &model, SERVICE, PARTITIONS, true)
        .await
        .unwrap();
    let rebuilt = EVENTS as f64 / began.elapsed().as_secs_f64();
    assert!(compared.is_equal());
    println!("read and dropped {read:.0}/s, projected {live:.0}/s, rebuilt and compared {rebuilt:.0}/s");
}
