use super::fixture::{PATIENCE, Shelf, World, source};
use interstate_eventing::projection::Wait;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

pub async fn a_bad_event_is_parked_with_the_later_ones_of_its_account_and_is_taken_up_when_mended(
    shelf: Arc<dyn Shelf>,
) {
    let mut world = World::new(shelf).await;
    let mended = Arc::new(AtomicBool::new(false));
    let model = world.shelf.open(mended.clone()).await;
    let (position, _running) = world.start(&model);
    world
        .ledger(0)
        .credit(&[("asha", "1"), ("asha", "bad"), ("ravi", "1")])
        .await;
    let seen = world.ledger(0).credit(&[("asha", "2"), ("ravi", "2")]).await;

    assert_eq!(
        position.wait_for(seen, Some("ravi"), PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    assert_eq!(
        position.wait_for(seen, Some("asha"), PATIENCE).await.unwrap(),
        Wait::Parked
    );
    assert_eq!(world.balance("asha").await, Some((1, 1)));
    assert_eq!(world.balance("ravi").await, Some((3, 2)));
    let parked = model.parked(&source(0)).await.unwrap();
    let sequences: Vec<u64> = parked.iter().map(|parked| parked.event.sequence).collect();
    assert_eq!(sequences, [2, 4]);
    assert!(parked[0].reason.contains("invalid digit"), "{}", parked[0].reason);
    assert_eq!(world.follow.consumers.status()[0].parked, 2);
    let notes = model.parked_notes(1).await.unwrap();
    assert_eq!(notes.len(), 1, "no more than were asked for");
    assert_eq!((notes[0].sequence, notes[0].subject.as_str()), (2, "asha"));
    assert!(notes[0].reason.contains("invalid digit"), "{:?}", notes[0]);

    let retried = model.retry_parked(&source(0)).await.unwrap();
    assert_eq!((retried.handled, retried.parked), (0, 2));

    mended.store(true, Ordering::SeqCst);
    let retried = model.retry_parked(&source(0)).await.unwrap();
    assert_eq!((retried.handled, retried.parked), (2, 0));
    assert_eq!(world.balance("asha").await, Some((1003, 3)));
    assert_eq!(
        position.wait_for(seen, Some("asha"), PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
}

pub async fn a_panic_in_a_projection_parks_its_event_and_does_not_end_the_runner(shelf: Arc<dyn Shelf>) {
    let mut world = World::new(shelf).await;
    let model = world.model().await;
    let (position, _running) = world.start(&model);
    let seen = world.ledger(1).credit(&[("asha", "panic"), ("ravi", "4")]).await;
    assert_eq!(
        position.wait_for(seen, Some("asha"), PATIENCE).await.unwrap(),
        Wait::Parked
    );
    assert_eq!(world.balance("ravi").await, Some((4, 1)));
    let seen = world.ledger(1).credit(&[("ravi", "4")]).await;
    assert_eq!(
        position.wait_for(seen, Some("ravi"), PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
}
