//! A server that freezes, or dies and comes back, while events stream in.

use crate::{
    shelf::{Server, account, hasty},
    suite::World,
};
use interstate_engines::Engine;
use interstate_eventing::projection::Wait;
use interstate_stores::{
    StoredModel,
    mongo::bson::{Document, doc},
};
use interstate_telemetry::gate::SPARED;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody waits for an answer longer than this: a look for the generation in use, then the query.
const LONGEST: Duration = Duration::from_secs(6);
/// A server that did not answer is asked again after two seconds.
const ASKED_AGAIN: Duration = Duration::from_secs(3);

/// Events stream in while `trouble` happens; then each has been taken up once.
async fn weathers(mut engine: Engine, trouble: impl AsyncFnOnce(&mut Engine)) {
    let server = Arc::new(Server::with(&engine, hasty()).await);
    let mut world = World::new(server.clone()).await;
    let model = server.model().await;
    let stored: Arc<dyn StoredModel> = Arc::new(model.clone());
    let (position, _running) = world.start(&stored);
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, mut ledgers) = (stop.clone(), world.ledgers());
    let writing = tokio::spawn(async move {
        let (mut batches, mut last) = (0_usize, Vec::new());
        while !stopped.load(Ordering::SeqCst) {
            last.clear();
            for ledger in &mut ledgers {
                let account = format!("account-{}", batches % 100);
                last.push(ledger.credit(&[("asha", "1"), (&account, "2")]).await);
            }
            batches += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (batches, last)
    });
    let (answers, asked) = (model.readers(), stop.clone());
    let asking = tokio::spawn(async move {
        let (mut refused, mut spared, mut longest) = (0, 0, Duration::ZERO);
        while !asked.load(Ordering::SeqCst) {
            let began = Instant::now();
            let answer = answers.ask(async |all| all.find_one(doc! { "_id": "asha" }).await);
            let answer: Result<Option<Document>, _> = answer.await;
            longest = longest.max(began.elapsed());
            refused += usize::from(answer.is_err());
            spared += usize::from(answer.is_err_and(|error| error.to_string().contains(SPARED)));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (refused, spared, longest)
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    trouble(&mut engine).await;
    tokio::time::sleep(ASKED_AGAIN).await;
    stop.store(true, Ordering::SeqCst);
    let (batches, last) = writing.await.unwrap();
    for seen in last {
        assert_eq!(
            position.wait_for(seen, None, PATIENCE).await.unwrap(),
            Wait::CaughtUp,
            "{:#?}",
            world.follow.consumers.status()
        );
    }
    let asha = account(&model, "asha").await.unwrap();
    assert_eq!(
        (asha.amount, asha.credits.len()),
        (2 * batches as i64, 2 * batches)
    );
    let (refused, spared, longest) = asking.await.unwrap();
    println!(
        "{batches} batches; {refused} queries were refused, {spared} of them at once, the longest answer took {longest:?}"
    );
    assert!(
        refused > spared && spared > 0,
        "somebody noticed, and others were told at once"
    );
    assert!(longest < LONGEST, "an answer took {longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_frozen_runners_wait_and_queries_fail_in_time() {
    weathers(Engine::start("mongo"), async |engine| {
        engine.pause();
        tokio::time::sleep(Duration::from_secs(6)).await;
        engine.resume();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_comes_back_has_lost_and_doubled_nothing() {
    weathers(
        Engine::start_with("mongo", &[("MONGO_PERSIST", "1")]),
        async |engine| {
            for _ in 0..2 {
                engine.kill();
                tokio::time::sleep(Duration::from_secs(2)).await;
                engine.again();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        },
    )
    .await;
}
