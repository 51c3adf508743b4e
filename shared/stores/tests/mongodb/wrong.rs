//! Addresses, passwords and servers that are not what they should be.

use crate::shelf::hasty;
use interstate_config::Secret;
use interstate_engines::Engine;
use interstate_stores::mongo::{Mongo, MongoError};
use std::time::{Duration, Instant};

async fn refused(url: &str) -> MongoError {
    let began = Instant::now();
    let opened = Mongo::open_with(&Secret::new(url), "ledger", hasty()).await;
    assert!(began.elapsed() < Duration::from_secs(10), "it is said soon");
    let error = opened.map(|_| ()).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_address_is_said_without_its_password() {
    for url in [
        "mongodb://me:hunter2@",
        "mongodb://me:hunter2@:27017/x",
        "mongodb://me:hunter2@host:port/x",
        "mongodb://me:hunter2@a:1/x?tls=perhaps",
        "mongodb://me:hunter2:more@a:1/x",
        "postgres://me:hunter2@a:1/x",
    ] {
        let error = refused(url).await;
        assert!(matches!(error, MongoError::Address(_)), "{url}: {error}");
        assert!(
            error.to_string().contains("mongodb://user:password@host"),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_soon_and_by_name() {
    let error = refused("mongodb://me:hunter2@127.0.0.1:1/rides").await;
    assert!(matches!(error, MongoError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1/rides"), "{error}");
    // Somebody who takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = refused(&format!("mongodb://{}/", silent.local_addr().unwrap())).await;
    assert!(matches!(error, MongoError::Unreachable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whom_the_server_does_not_let_in_is_told_so() {
    let engine = Engine::start("mongo");
    // The server here knows no users at all: it refuses to talk of passwords.
    let error = refused(&format!("mongodb://me:hunter2@127.0.0.1:{}/rides", engine.port())).await;
    assert!(
        matches!(&error, MongoError::Refused { user, .. } if user == "me"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_no_server_for_who_asks_for_it() {
    let engine = Engine::start("mongo");
    let error = refused(&format!("mongodb://127.0.0.1:{}/rides?tls=true", engine.port())).await;
    assert!(error.to_string().contains("TLS"), "{error}");
}
