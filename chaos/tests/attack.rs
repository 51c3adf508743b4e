//! A short attack on a whole deployment: brokers, stores, queues, and two instances of every service.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use interstate_chaos::run::{Plan, run};
use std::time::Duration;

/// About half of the kinds of faults come once in this time.
const LASTS: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_wrong_after_an_attack() {
    let dir = tempfile::tempdir().unwrap();
    // Built beside this test: the platform's own tests start them as well.
    let exe = std::env::current_exe().unwrap();
    let programs = exe.ancestors().nth(2).unwrap().to_owned();
    let plan = Plan {
        seed: 1,
        lasts: LASTS,
        dir: dir.path().to_owned(),
        builds: vec![programs],
        factor: 120,
        riders: 2,
        drivers: 3,
        probes: 1,
        only: Vec::new(),
    };
    let outcome = run(&plan).await.unwrap();
    println!("{}", outcome.text);
    if outcome.violations > 0 {
        let kept = dir.keep();
        panic!(
            "{} violations; everything is kept in {}:\n{}",
            outcome.violations,
            kept.display(),
            outcome.text
        );
    }
}
