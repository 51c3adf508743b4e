//! The suite of live data in memory.
#![expect(clippy::unwrap_used, reason = "tests")]

mod suite;

use interstate_live::Live;
use suite::positions::Pair;

#[tokio::test]
async fn the_suite_of_positions() {
    suite::positions::run(async || {
        let one = Live::in_memory().positions();
        Pair {
            here: one.clone(),
            there: one,
        }
    })
    .await;
}
