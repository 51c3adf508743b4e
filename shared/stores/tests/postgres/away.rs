//! The server goes away and comes back while events arrive.

use crate::{
    shelf::{Balances, Server},
    suite::{Shelf, World},
};
use interstate_engines::Engine;
use interstate_eventing::projection::Wait;
use interstate_stores::{
    QueryError,
    postgres::{PgReadModel, PgReaders, Postgres},
};
use interstate_telemetry::gate::SPARED;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a query may take to say that nobody answers.
const BOUND: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(60);

/// Credits ten events while the server is away, and expects all of them exactly once after it has come back.
async fn goes_away(engine: &mut Engine, away: fn(&Engine), back: fn(&mut Engine)) {
    let shelf = Arc::new(Server {
        url: engine.url().to_owned(),
    });
    let mut world = World::new(shelf.clone()).await;
    let model = world.model().await;
    let (position, _running) = world.start(&model);
    let seen = world.ledger(0).credit(&[("asha", "1")]).await;
    assert_eq!(
        position.wait_for(seen, None, PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );

    away(engine);
    let mut seen = seen;
    for _ in 0..10 {
        seen = world.ledger(0).credit(&[("asha", "1"), ("ravi", "1")]).await;
    }
    let source = interstate_log::PartitionId::new(crate::suite::SERVICE, 0);
    let began = Instant::now();
    let asked = tokio::time::timeout(BOUND, model.is_parked(&source, "asha")).await;
    assert!(
        matches!(asked, Ok(Err(_))),
        "an error in time: {:?} after {:?}",
        asked,
        began.elapsed()
    );
    let short = Duration::from_millis(100);
    assert_eq!(position.wait_for(seen, None, short).await.unwrap(), Wait::NotYet);

    back(engine);
    let wait = position.wait_for(seen, None, PATIENCE).await.unwrap();
    assert_eq!(wait, Wait::CaughtUp, "{:?}", world.follow.consumers.status());
    assert_eq!(shelf.balance("asha").await, Some((11, 11)));
    assert_eq!(shelf.balance("ravi").await, Some((10, 10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_waited_for() {
    let mut engine = Engine::start("postgres");
    goes_away(&mut engine, Engine::pause, |engine| engine.resume()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_waited_for() {
    let mut engine = Engine::start("postgres");
    goes_away(&mut engine, Engine::kill, Engine::again).await;
}

async fn ask(readers: &PgReaders) -> Result<i64, QueryError> {
    let question = sqlx::query_scalar("SELECT count(*) FROM balances").fetch_one(readers.rows());
    readers.ask(question).await
}

/// Asks until nobody is asked any more, and then until somebody answers.
async fn spares(engine: &mut Engine, away: fn(&Engine), back: fn(&mut Engine)) {
    let server = Postgres::open(engine.url(), "ledger").await.unwrap();
    let mended = Arc::default();
    let model = PgReadModel::open(&server, Balances { mended }).await.unwrap();
    let readers = model.readers();
    assert_eq!(ask(&readers).await, Ok(0));
    away(engine);
    let began = Instant::now();
    let spared = loop {
        let asked = Instant::now();
        let refused = ask(&readers).await.unwrap_err();
        assert!(refused.is_away(), "{refused}");
        if refused.to_string().contains(SPARED) {
            break asked.elapsed();
        }
        assert!(began.elapsed() < BOUND, "it is asked for ever: {refused}");
    };
    assert!(spared < Duration::from_millis(100), "{spared:?}");
    back(engine);
    while ask(&readers).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "it is never asked again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_a_server_that_stands_still_is_told_at_once_after_a_while() {
    let mut engine = Engine::start("postgres");
    spares(&mut engine, Engine::pause, |engine| engine.resume()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_a_server_that_was_killed_is_told_at_once() {
    let mut engine = Engine::start("postgres");
    spares(&mut engine, Engine::kill, Engine::again).await;
}
