use super::fixture::{PATIENCE, Shelf, World, sources};
use interstate_eventing::projection::Wait;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub async fn a_rebuild_under_traffic_equals_the_live_read_model_and_takes_its_place(shelf: Arc<dyn Shelf>) {
    let mut world = World::new(shelf).await;
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
                // As fast as a busy service: a log that grows faster than any store can follow shows nothing more.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            (batches, last.unwrap())
        })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        let compared = model.rebuild(&*world.log, &sources(), true).await.unwrap();
        assert!(compared.is_equal(), "{compared:?}");
        assert!(compared.events > 0 && !compared.switched);
        assert!(compared.tables["parked"].0 > 0, "{compared:?}");
        let compared = model.rebuild(&*world.log, &sources(), false).await.unwrap();
        assert!(compared.is_equal() && compared.switched, "{compared:?}");
    }
    stop.store(true, Ordering::SeqCst);
    let (batches, seen) = traffic.await.unwrap();
    assert_eq!(
        position.wait_for(seen, None, PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    assert_eq!(world.balance("asha").await, Some((batches, batches)));
    let left = world.shelf.left_over().await;
    assert!(left.is_empty(), "{left:?}");
}

pub async fn a_row_that_the_log_did_not_make_is_found_and_mended_by_a_switch(shelf: Arc<dyn Shelf>) {
    let mut world = World::new(shelf).await;
    let model = world.model().await;
    let (position, _running) = world.start(&model);
    let seen = world.ledger(0).credit(&[("asha", "10"), ("ravi", "20")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();

    world.shelf.spoil("asha", 11).await;

    let compared = model.rebuild(&*world.log, &sources(), true).await.unwrap();
    assert_eq!(compared.tables["balances"], (2, 2, false));
    assert_eq!(world.balance("asha").await, Some((11, 1)), "it only looked");

    model.rebuild(&*world.log, &sources(), false).await.unwrap();
    assert_eq!(world.balance("asha").await, Some((10, 1)));
    let seen = world.ledger(0).credit(&[("asha", "5")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    assert_eq!(world.balance("asha").await, Some((15, 2)), "its runner goes on");
}
