//! The suite of the read model of people on a real PostgreSQL server, and what only a server has.
#![expect(clippy::unwrap_used, reason = "tests")]

mod plans;
mod speed;
#[path = "../suite/mod.rs"]
mod suite;

use interstate_engines::Engine;
use interstate_schemas::Role;
use interstate_stores::postgres::Postgres;
use interstate_user::read::{Opened, ReadError, postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::Duration;
use suite::{Story, registered, started, user};

/// The read model in a database of its own, and the database's address.
async fn opened(engine: &Engine, name: &str) -> (Opened, String) {
    let mut db = PgConnection::connect(engine.url()).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut db).await.unwrap();
    let (server, _) = engine.url().rsplit_once('/').unwrap();
    let url = format!("{server}/{name}");
    let server = Postgres::open(&url, interstate_user::NAME).await.unwrap();
    (postgres::open(&server).await.unwrap(), url)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_people() {
    let engine = Engine::start("postgres");
    suite::run(async |name| opened(&engine, name).await.0).await;
}

/// The second line of defence, should the rules ever be wrong.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_forgotten_by_halves() {
    let engine = Engine::start("postgres");
    let (opened, url) = opened(&engine, "halves").await;
    let mut story = Story::new(opened, 100);
    story.tell(0, started("asha", "asha@a", Role::Rider)).await;
    story.tell(0, registered("asha", Role::Rider)).await;
    story.told().await;
    let mut db = PgConnection::connect(&url).await.unwrap();
    for (what, constraint) in [
        ("status = 'erased'", "known_or_forgotten_altogether"),
        ("profile = NULL", "known_or_forgotten_altogether"),
        (
            "status = 'refused', email_key = NULL, profile = NULL, credential = NULL",
            "refused_for_a_reason",
        ),
        (
            "status = 'asleep', email_key = NULL, profile = NULL, credential = NULL",
            "users_status_check",
        ),
    ] {
        let update = AssertSqlSafe(format!("UPDATE user_people_v1.users SET {what}"));
        let refused = sqlx::query(update).execute(&mut db).await.unwrap_err();
        let refused = refused.into_database_error().unwrap();
        assert_eq!(refused.constraint(), Some(constraint), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_told_from_a_failure_and_answers_when_it_is_back() {
    let mut engine = Engine::start("postgres");
    let (opened, _) = opened(&engine, "away").await;
    let mut story = Story::new(opened, 1);
    story.tell(0, started("asha", "asha@a", Role::Rider)).await;
    let people = story.told().await;
    assert!(people.person(user("asha")).await.unwrap().is_some());
    engine.kill();
    let asked = tokio::time::timeout(Duration::from_secs(15), people.person(user("asha")));
    match asked.await.expect("a question ends within 15 s").unwrap_err() {
        ReadError::Store(said) => assert!(said.is_away(), "{said}"),
        damaged => panic!("{damaged}"),
    }
    engine.again();
    let back = async {
        while !matches!(people.person(user("asha")).await, Ok(Some(_))) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let back = tokio::time::timeout(Duration::from_secs(30), back).await;
    back.expect("the server is back, and the question is answered within 30 s");
}
