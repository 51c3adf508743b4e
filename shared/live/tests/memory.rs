//! The suite of live data in memory.
#![expect(clippy::unwrap_used, reason = "tests")]

mod suite;

use interstate_live::Live;
use suite::{logins, positions::Pair, rates};

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

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_of_rates() {
    rates::run(async |rate| {
        let one = Live::in_memory().limit("test", rate, 100);
        rates::Pair {
            here: one.clone(),
            there: one,
        }
    })
    .await;
}

#[tokio::test]
async fn the_suite_of_ended_logins() {
    let one = Live::in_memory().ended_logins();
    let pair = logins::Pair {
        here: one.clone(),
        there: one,
    };
    logins::run(pair).await;
}
