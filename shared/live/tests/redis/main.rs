//! The suite of live data on a real Redis server, and what only a server can do to it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod refused;
mod secured;
#[path = "../suite/mod.rs"]
mod suite;
mod table;

use interstate_config::Cache;
use interstate_engines::Engine;
use interstate_live::Live;
use interstate_telemetry::Metrics;
use suite::{logins, positions::Pair, rates};

/// An instance that talks to this server, under a prefix.
async fn instance(engine: &Engine, prefix: &str) -> Live {
    let cache = Cache::parse(&format!("{}?prefix={prefix}", engine.url())).unwrap();
    Live::open(&cache, &Metrics::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_positions() {
    let engine = Engine::start("redis");
    let mut case = 0;
    suite::positions::run(|| {
        case += 1;
        let (engine, prefix) = (&engine, format!("case-{case}"));
        async move {
            Pair {
                here: instance(engine, &prefix).await.positions(),
                there: instance(engine, &prefix).await.positions(),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_rates() {
    let engine = Engine::start("redis");
    let mut case = 0;
    rates::run(|rate| {
        case += 1;
        let (engine, prefix) = (&engine, format!("case-{case}"));
        async move {
            rates::Pair {
                here: instance(engine, &prefix).await.limit("test", rate, 100),
                there: instance(engine, &prefix).await.limit("test", rate, 100),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_ended_logins() {
    let engine = Engine::start("redis");
    let pair = logins::Pair {
        here: instance(&engine, "logins").await.ended_logins(),
        there: instance(&engine, "logins").await.ended_logins(),
    };
    logins::run(pair).await;
}
