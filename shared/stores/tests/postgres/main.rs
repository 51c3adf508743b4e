//! The suite of read models on a real PostgreSQL server, and what only a server can do to them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod refused;
mod secured;
mod shelf;
#[path = "../suite/mod.rs"]
mod suite;

use interstate_engines::Engine;
use shelf::Server;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_read_models() {
    let engine = Engine::start("postgres");
    suite::run(async |number| Server::database(engine.url(), &format!("case_{number}")).await).await;
}
