//! A short attack on a whole deployment: three brokers, all stores, two instances of every service.
#![allow(clippy::unwrap_used, reason = "tests")]

use interstate_chaos::{
    faults::Kind,
    run::{Plan, run},
};
use std::{path::Path, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_wrong_after_a_short_attack() {
    let dir = tempfile::tempdir().unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_interstate-booking"))
        .parent()
        .unwrap();
    let plan = Plan {
        seed: 1,
        lasts: Duration::from_secs(60),
        dir: dir.path().to_owned(),
        programs: programs.to_owned(),
        factor: 300,
        riders: 3,
        drivers: 5,
        probes: 2,
        // Those that say most in a minute.
        only: vec![
            Kind::KillService,
            Kind::KillBroker,
            Kind::KillStore,
            Kind::CutStore,
            Kind::PauseService,
        ],
    };
    let outcome = run(&plan).await.unwrap();
    println!("{}", outcome.text);
    assert_eq!(outcome.violations, 0, "{}", outcome.text);
}
