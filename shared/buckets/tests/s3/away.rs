//! A server that is gone, or does not answer.

use super::{bucket, names};
use bytes::Bytes;
use interstate_engines::Engine;
use object_store::{ObjectStoreExt, path::Path};
use std::time::{Duration, Instant};

/// All tries of a request take no longer.
const BOUND: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_killed_server_is_an_error_in_time_and_its_next_life_is_found() {
    let mut engine = Engine::start("s3");
    let store = bucket(engine.url(), "s3://rides").unwrap();
    let path = Path::from("a");
    store.put(&path, Bytes::from_static(b"x").into()).await.unwrap();
    engine.kill();
    let began = Instant::now();
    store.get(&path).await.unwrap_err();
    assert!(began.elapsed() < BOUND);
    engine.again();
    // What it kept it kept in its memory.
    assert_eq!(names(&*store).await, [""; 0]);
}

#[tokio::test]
async fn a_server_that_stands_still_is_waited_for() {
    let engine = Engine::start("s3");
    let store = bucket(engine.url(), "s3://rides").unwrap();
    let path = Path::from("a");
    store.put(&path, Bytes::from_static(b"x").into()).await.unwrap();
    engine.pause();
    let asked = tokio::spawn(async move { store.get(&Path::from("a")).await?.bytes().await });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!asked.is_finished());
    engine.resume();
    assert_eq!(asked.await.unwrap().unwrap(), Bytes::from_static(b"x"));
}
