//! The suite of the read model of searches and offers on a real PostgreSQL server, and what only a server has.
#![expect(clippy::unwrap_used, reason = "tests")]

mod plans;
#[path = "../suite/mod.rs"]
mod suite;

use interstate_driver::{
    SERVICE,
    read::{Opened, postgres},
};
use interstate_engines::Engine;
use interstate_log::PartitionId;
use interstate_schemas::CalendarOwner;
use interstate_stores::postgres::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use suite::{Story, at, driver, found, heard, offered, reserved};

/// A database of its own.
async fn database(engine: &Engine, name: &str) -> String {
    let mut db = PgConnection::connect(engine.url()).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut db).await.unwrap();
    let (server, _) = engine.url().rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

async fn opened(url: &str) -> Opened {
    let server = Postgres::open(url, SERVICE).await.unwrap();
    postgres::open(&server).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_searches_and_offers() {
    let engine = Engine::start("postgres");
    suite::run(async |name| opened(&database(&engine, name).await).await).await;
}

/// The second line of defence, should the rules ever be wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_winner_is_parked() {
    let engine = Engine::start("postgres");
    let mut story = Story::new(opened(engine.url()).await, 100);
    story.tell("trip", suite::opened("trip", 1)).await;
    story
        .tell("trip", offered("trip", 1, "06:01:00", &["bala", "chitra"]))
        .await;
    story.tell("trip", found("trip", 1, "bala", &[])).await;
    story.tell("trip", found("trip", 1, "chitra", &[])).await;
    let dispatches = story.told().await;
    let parked = story.parked().await;
    let [reason] = &*parked else { panic!("{parked:?}") };
    assert!(reason.contains("one_driver_wins"), "{reason}");
    let chitra = dispatches.offers(driver("chitra")).await.unwrap();
    assert_eq!(chitra.len(), 1, "nothing of the parked event has happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_is_given_away_twice_is_parked() {
    let engine = Engine::start("postgres");
    let mut story = Story::new(opened(engine.url()).await, 100);
    let bala = CalendarOwner::Driver(driver("bala"));
    let first = reserved(bala, "trip", 1, "08:00:00", "10:00:00");
    story.mark(bala, first).await;
    let second = reserved(bala, "another", 1, "10:30:00", "12:00:00");
    story.mark(bala, second).await;
    let dispatches = story.told().await;
    let parked = story.parked().await;
    let [reason] = &*parked else { panic!("{parked:?}") };
    assert!(reason.contains("nobody_at_two_places"), "{reason}");
    let duties = dispatches.duties(driver("bala"), at("06:00:00")).await.unwrap();
    assert_eq!(duties.len(), 1, "the rest after the first trip is taken too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_hears_of_what_another_instance_took_up() {
    let engine = Engine::start("postgres");
    let mut first = Story::new(opened(engine.url()).await, 100);
    let second = opened(engine.url()).await;
    let mut bala = second.dispatches.watch(driver("bala"));
    first.tell("trip", suite::opened("trip", 1)).await;
    first
        .tell("trip", offered("trip", 1, "06:01:00", &["bala", "chitra"]))
        .await;
    let (events, to) = first.take_up().await;
    let source = PartitionId::new(SERVICE, 0);
    let applied = second.model.apply(&source, &events, to).await.unwrap();
    assert_eq!(applied.overtaken.map(|stands| stands.sequence), Some(2));
    heard(bala.changed()).await;
    assert_eq!(second.dispatches.offers(driver("bala")).await.unwrap().len(), 1);

    first.tell("trip", found("trip", 1, "chitra", &["bala"])).await;
    let (events, to) = first.take_up().await;
    second.model.apply(&source, &events, to).await.unwrap();
    heard(bala.changed()).await;
    assert_eq!(second.dispatches.offers(driver("bala")).await.unwrap(), []);
}
