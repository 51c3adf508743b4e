//! The suite of live data on a real Redis server, and what only a server can do to it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod refused;
#[path = "../suite/mod.rs"]
mod suite;
mod table;

use interstate_config::Cache;
use interstate_engines::Engine;
use interstate_live::Live;
use interstate_telemetry::Metrics;
use suite::positions::Pair;

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
