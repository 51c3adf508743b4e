//! What is on the server is in the table: with its type, and with an end.

use crate::{
    instance,
    suite::{
        positions::{driver, last, seen, time},
        until,
    },
};
use interstate_engines::Engine;
use interstate_live::{keys, rates::Rate};
use std::{collections::BTreeSet, time::Duration};

/// The end of a key in milliseconds, as the table writes it.
fn longest(lives: &str) -> i64 {
    let (number, unit) = lives.split_once(' ').unwrap_or((lives, ""));
    let number: i64 = number.parse().unwrap_or(i64::MAX / 3_600_000);
    match unit {
        "h" => number * 3_600_000,
        "min" => number * 60_000,
        "s" => number * 1_000,
        _ => i64::MAX,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_has_the_type_and_the_end_that_the_table_says() {
    let engine = Engine::start("redis");
    let (one, two) = (instance(&engine, "table").await, instance(&engine, "table").await);
    let (here, there) = (one.positions(), two.positions());
    here.saw(driver(1), seen(0.0, 0), time(0));
    until(async || last(&*there, driver(1)).await, Option::is_some).await;
    let rate = Rate {
        per_second: 1.0,
        burst: 10.0,
    };
    one.limit("address:table", rate, 10)
        .take("127.0.0.1")
        .await
        .unwrap();
    one.ended_logins().end("ses_1", Duration::from_secs(930)).await;

    let client = redis::Client::open(engine.url()).unwrap();
    let mut server = client.get_multiplexed_async_connection().await.unwrap();
    let found: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut server)
        .await
        .unwrap();
    let mut used = BTreeSet::new();
    for key in &found {
        let rest = key
            .strip_prefix("table:")
            .unwrap_or_else(|| panic!("{key} has no prefix"));
        let of = |kind: &&keys::Kind| match kind.of {
            "" => kind.name == rest,
            _ => rest
                .strip_prefix(kind.name)
                .is_some_and(|rest| rest.starts_with(':')),
        };
        let kind = keys::ALL
            .iter()
            .find(of)
            .unwrap_or_else(|| panic!("{key} is not in the table"));
        let holds: String = redis::cmd("TYPE")
            .arg(key)
            .query_async(&mut server)
            .await
            .unwrap();
        assert!(kind.holds.starts_with(&holds), "{key} holds {holds}");
        let ends: i64 = redis::cmd("PTTL")
            .arg(key)
            .query_async(&mut server)
            .await
            .unwrap();
        assert!(
            (1..=longest(kind.lives)).contains(&ends),
            "{key} ends in {ends} ms"
        );
        used.insert(kind.name);
    }
    let kept = keys::ALL.iter().filter(|kind| kind.holds != "channel");
    let missing: Vec<_> = kept.filter(|kind| !used.contains(kind.name)).collect();
    assert!(missing.is_empty(), "nothing has written {missing:?}");
}
