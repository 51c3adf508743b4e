//! The suite of read models on a server of MongoDB's protocol, and what only such a server can do to them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod ended;
mod expiring;
mod rebuilding;
mod secured;
mod shelf;
#[path = "../suite/mod.rs"]
mod suite;
mod wrong;

use interstate_engines::Engine;
use shelf::Server;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_read_models() {
    let engine = Engine::start("mongo");
    suite::run(async |_| Server::database(&engine).await).await;
}
