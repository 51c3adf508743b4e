use super::fixture::{PATIENCE, Shelf, World, source};
use interstate_eventing::projection::{At, Wait};
use std::{sync::Arc, time::Duration};

pub async fn a_query_waits_for_what_its_asker_has_seen(shelf: Arc<dyn Shelf>) {
    let mut world = World::new(shelf).await;
    let model = world.model().await;
    let (position, _running) = world.start(&model);
    let seen = world.ledger(1).credit(&[("asha", "100"), ("ravi", "7")]).await;

    assert_eq!(
        position.wait_for(seen, Some("asha"), PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    assert_eq!(world.balance("asha").await, Some((100, 1)));

    let ahead = At {
        sequence: seen.sequence + 1,
        ..seen
    };
    let little = Duration::from_millis(30);
    assert_eq!(
        position.wait_for(ahead, None, little).await.unwrap(),
        Wait::NotYet
    );
    let nowhere = At {
        partition: 99,
        ..seen
    };
    assert_eq!(
        position.wait_for(nowhere, None, little).await.unwrap(),
        Wait::NotYet
    );
}

pub async fn who_waits_for_all_that_is_there_finds_it(shelf: Arc<dyn Shelf>) {
    let mut world = World::new(shelf).await;
    for ledger in [0, 1] {
        for _ in 0..30 {
            world.ledger(ledger).credit(&[("asha", "1")]).await;
        }
    }
    let model = world.model().await;
    let (position, running) = world.start(&model);
    assert!(position.catch_up(&*world.log).await);
    assert_eq!(world.balance("asha").await, Some((60, 60)));

    drop(running);
    world.ledger(1).credit(&[("asha", "1")]).await;
    assert!(
        !position.catch_up(&*world.log).await,
        "nobody carries it there any more"
    );
}

pub async fn nothing_is_lost_or_taken_up_twice_when_runners_are_killed_at_any_moment(shelf: Arc<dyn Shelf>) {
    const BATCHES: usize = 400;
    let mut world = World::new(shelf).await;
    let model = world.model().await;
    let writing = {
        let mut ledgers = world.ledgers();
        tokio::spawn(async move {
            let mut last = Vec::new();
            for _ in 0..BATCHES {
                for ledger in &mut ledgers {
                    last.push(
                        ledger
                            .credit(&[("asha", "1"), ("ravi", "2"), ("asha", "3")])
                            .await,
                    );
                }
            }
            last.split_off(last.len() - 2)
        })
    };
    // Killed after a time that is never the same, often in the middle of a transaction.
    let mut micros = 300;
    while !writing.is_finished() {
        let (_, running) = world.start(&model);
        tokio::time::sleep(Duration::from_micros(micros)).await;
        drop(running);
        micros = micros * 7 % 9001;
    }
    let (position, _running) = world.start(&model);
    for seen in writing.await.unwrap() {
        assert_eq!(
            position.wait_for(seen, None, PATIENCE).await.unwrap(),
            Wait::CaughtUp
        );
    }
    let each = 2 * BATCHES as i64;
    assert_eq!(world.balance("asha").await, Some((4 * each, 2 * each)));
    assert_eq!(world.balance("ravi").await, Some((2 * each, each)));
}

pub async fn a_reopened_one_goes_on_where_it_was_and_another_process_cannot_take_the_same_events_up(
    shelf: Arc<dyn Shelf>,
) {
    let mut world = World::new(shelf).await;
    let seen = world.ledger(0).credit(&[("asha", "5")]).await;
    let model = world.model().await;
    let (position, running) = world.start(&model);
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    drop(running);

    let again = world.model().await;
    let stored = again.position(&source(0)).await.unwrap();
    assert_eq!(stored.sequence, 1);

    // As a second process would that has not seen the first one's commit.
    let event = {
        let mut reader = world
            .log
            .read(&interstate_log::Topic::events("ledger"), 0, 0)
            .await
            .unwrap();
        let chunk = reader.poll(1).await.unwrap();
        interstate_eventing::Event::from_record("ledger".into(), 0, &chunk.records[0].record).unwrap()
    };
    match again.apply(&source(0), &[event], stored).await {
        Ok(applied) => assert!(world.shelf.is_shared() && applied.overtaken == Some(stored)),
        Err(_) => assert!(!world.shelf.is_shared()),
    }
    assert_eq!(world.balance("asha").await, Some((5, 1)));
}

pub async fn a_consumer_that_has_died_shows_the_age_of_what_it_has_not_handled(shelf: Arc<dyn Shelf>) {
    let mut world = World::new(shelf).await;
    let model = world.model().await;
    let (position, running) = world.start(&model);
    let seen = world.ledger(0).credit(&[("asha", "5")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    drop(running);

    world.ledger(0).credit(&[("asha", "5")]).await;
    let then = "2026-11-21T10:00:00Z".parse().unwrap();
    world.follow.consumers.observe(&*world.log, then).await;
    let later = "2026-11-21T10:01:00Z".parse().unwrap();
    let dead = world.follow.consumers.status().remove(0);
    assert_eq!(dead.age(later).as_secs(), 60);
    assert!(dead.behind > 0);
}

pub async fn several_processes_carry_the_same_events_into_shared_rows_once(shelf: Arc<dyn Shelf>) {
    const BATCHES: usize = 150;
    let mut world = World::new(shelf).await;
    if !world.shelf.is_shared() {
        return;
    }
    let mut processes = Vec::new();
    for _ in 0..3 {
        let model = world.model().await;
        processes.push(world.start(&model));
    }
    let mut seen = Vec::new();
    for _ in 0..BATCHES {
        for ledger in 0..2 {
            let credits = [("asha", "1"), ("ravi", "2")];
            seen.push(world.ledger(ledger).credit(&credits).await);
        }
    }
    for (position, _) in &processes {
        for at in &seen[seen.len() - 2..] {
            let wait = position.wait_for(*at, Some("asha"), PATIENCE).await.unwrap();
            assert_eq!(wait, Wait::CaughtUp);
        }
    }
    let each = 2 * BATCHES as i64;
    assert_eq!(world.balance("asha").await, Some((each, each)));
    assert_eq!(world.balance("ravi").await, Some((2 * each, each)));
}
