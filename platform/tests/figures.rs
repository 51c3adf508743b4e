//! What `/metrics` says about a platform after some commands.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use interstate_schemas::SignedDuration;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// A scrape, read strictly: samples by name with their labels, in the order of the text.
struct Scrape(BTreeMap<String, Vec<(BTreeMap<String, String>, f64)>>);

impl Scrape {
    async fn of(url: &str) -> Self {
        let answer = reqwest::get(format!("{url}/metrics")).await.unwrap();
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        Self::read(&answer.text().await.unwrap())
    }

    /// Reads the OpenMetrics text format, and refuses what its specification does.
    fn read(text: &str) -> Self {
        assert!(text.ends_with("# EOF\n"), "the text does not end");
        let mut samples: BTreeMap<String, Vec<_>> = BTreeMap::new();
        let mut kinds: BTreeMap<String, String> = BTreeMap::new();
        let (mut family, mut closed) = (String::new(), BTreeSet::new());
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(described) = line.strip_prefix("# ") {
                let (what, rest) = described.split_once(' ').unwrap();
                let (name, value) = rest.split_once(' ').unwrap();
                if name != family {
                    assert!(
                        closed.insert(std::mem::replace(&mut family, name.to_owned())),
                        "{family} twice"
                    );
                }
                if what == "TYPE" {
                    kinds.insert(name.to_owned(), value.to_owned());
                }
                continue;
            }
            let (series, value) = line
                .rsplit_once(' ')
                .unwrap_or_else(|| panic!("no value: {line}"));
            let (name, labels) = match series.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}').expect("labels end")),
                None => (series, ""),
            };
            assert!(
                name.starts_with(&family) && kinds.contains_key(&family),
                "{line} does not belong to {family}"
            );
            let suffix = &name[family.len()..];
            let legal: &[&str] = match kinds[&family].as_str() {
                "counter" => &["_total"],
                "gauge" => &[""],
                "histogram" => &["_bucket", "_sum", "_count"],
                other => panic!("{family} is a {other}"),
            };
            assert!(
                legal.contains(&suffix),
                "{name} is no sample of a {}",
                kinds[&family]
            );
            let pairs = labels
                .split_terminator("\",")
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (label, value) = pair.split_once("=\"").expect("a label has a value");
                    (label.to_owned(), value.trim_end_matches('"').to_owned())
                });
            let pairs: BTreeMap<String, String> = pairs.collect();
            let all = samples.entry(name.to_owned()).or_default();
            assert!(
                all.iter().all(|(known, _)| *known != pairs),
                "{line} is there twice"
            );
            all.push((
                pairs,
                value.parse().unwrap_or_else(|_| panic!("no number: {line}")),
            ));
        }
        let scrape = Self(samples);
        for (family, _) in kinds.iter().filter(|(_, kind)| *kind == "histogram") {
            scrape.check_buckets(family);
        }
        scrape
    }

    /// Buckets add up, and the last one holds everything.
    fn check_buckets(&self, family: &str) {
        let mut last: BTreeMap<BTreeMap<String, String>, f64> = BTreeMap::new();
        for (labels, value) in self.all(&format!("{family}_bucket")) {
            let mut rest = labels.clone();
            rest.remove("le").expect("a bucket has a bound");
            let before = last.insert(rest, *value).unwrap_or(0.0);
            assert!(*value >= before, "{family} falls at {labels:?}");
        }
        for (labels, count) in self.all(&format!("{family}_count")) {
            assert_eq!(last.get(labels), Some(count), "{family} {labels:?}");
        }
    }

    fn all(&self, name: &str) -> &[(BTreeMap<String, String>, f64)] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The sum of the samples with these labels.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |found: &BTreeMap<String, String>| {
            labels
                .iter()
                .all(|(label, value)| found.get(*label).is_some_and(|found| found == value))
        };
        let all = self.all(name).iter().filter(|(found, _)| fits(found));
        all.map(|(_, value)| value).sum()
    }

    /// Ids, keys and addresses in labels would make a new series each.
    fn check_cardinality(&self) {
        for (name, samples) in &self.0 {
            assert!(samples.len() < 2_500, "{name} has {} series", samples.len());
            for value in samples.iter().flat_map(|(labels, _)| labels.values()) {
                let id = value.split_once('_').is_some_and(|(_, rest)| rest.len() == 26);
                assert!(!id && value.len() < 80, "{name} has a series for {value}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_shows_commands_batches_partitions_and_consumers() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let platform = world.platform();
    let url = platform.urls[0].clone();
    let rider = platform.signed_up("mira", "+919812345621", "rider").await;
    let pickup = platform.clock.now() + SignedDuration::from_hours(5);
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Ahmedabad" }, { "name": "Udaipur" }] });
    let quote = rider.post("/v1/quotes", "quote", wanted.clone()).await;
    rider.post("/v1/quotes", "quote", wanted).await;
    let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
    rider.post("/v1/bookings", "book", order).await;
    let unknown = json!({ "quote": "qte_01KAJ5T5H8ZZZZZZZZZZZZZZZZ", "method": { "kind": "card", "token": "pm_card_ok" } });
    assert!(rider.try_post("/v1/bookings", "unknown", unknown).await.0 >= 400);

    // The payment is asked for by message, and a projection follows: both come a moment later.
    let began = Instant::now();
    let scrape = loop {
        let scrape = Scrape::of(&url).await;
        let paid = scrape.sum("commands_total", &[("service", "payment"), ("outcome", "taken")]) >= 1.0;
        let shown = scrape.sum("consumer_lag_events", &[("consumer", "booking-history")]) == 0.0;
        if paid && shown {
            break scrape;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "no figures of the payment come"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    scrape.check_cardinality();
    let quotes = |outcome: &str| {
        let labels = [
            ("service", "booking"),
            ("aggregate", "quote"),
            ("outcome", outcome),
        ];
        scrape.sum("commands_total", &labels)
    };
    assert_eq!(
        ["accepted", "repeated", "rejected", "failed"].map(quotes),
        [2.0, 1.0, 1.0, 0.0],
        "quoted and booked, quoted again, an unknown one booked"
    );
    let quote = [("service", "booking"), ("aggregate", "quote")];
    assert_eq!(scrape.sum("command_seconds_count", &quote), 4.0);
    assert!(scrape.sum("log_commit_seconds_count", &[("service", "booking")]) >= 3.0);

    let partitions = world.node.status().await.partitions.len() as f64;
    assert_eq!(scrape.sum("partition_state", &[("state", "running")]), partitions);
    assert_eq!(scrape.sum("partition_state", &[("state", "blocked")]), 0.0);
    for name in [
        "unsent_messages",
        "stopped_channels",
        "dead_letters",
        "oldest_command_seconds",
    ] {
        let name = format!("partition_{name}");
        assert_eq!(scrape.all(&name).len() as f64, partitions, "{name}");
    }
    for (kind, consumer) in [
        ("projection", "booking-history"),
        ("projection", "people"),
        ("projection", "payment-books"),
        ("effect", "payment-effects"),
    ] {
        let labels = [("kind", kind), ("consumer", consumer)];
        for name in [
            "lag_events",
            "oldest_unhandled_seconds",
            "parked_events",
            "failing",
        ] {
            let all = scrape.all(&format!("consumer_{name}"));
            let fits = |found: &BTreeMap<String, String>| {
                labels.iter().all(|(label, value)| found[*label] == *value)
            };
            let own: Vec<_> = all.iter().filter(|(found, _)| fits(found)).collect();
            assert_eq!(own.len(), 1, "consumer_{name} of {consumer}: {own:?} of {all:?}");
        }
    }

    // A service's own port shows its own figures.
    let (_, own) = world
        .node
        .services()
        .iter()
        .find(|(name, _)| name == "booking")
        .unwrap();
    let own = Scrape::of(&format!("http://{own}")).await;
    assert_eq!(own.sum("partition_state", &[("state", "running")]), 4.0);
    assert_eq!(own.sum("commands_total", &[("service", "payment")]), 0.0);
    world.stop().await;
}
