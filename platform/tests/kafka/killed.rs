//! One of two instances is killed with -9 while riders book, and comes back.

use crate::{
    brokers::Brokers,
    instance::{Deployment, Instance, PARTITIONS, shared_out},
    ride::{Platform, Sandbox},
    riders::{Rider, Riders},
    rides::limited,
};
use interstate_engines::within;
use interstate_eventing::runtime::MachineClock;
use interstate_schemas::SignedDuration;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// The partitions of a dead instance have to decide again after this long. The brokers wait 8 s for a sign of
/// life; the rest is room for a busy machine.
const TAKEOVER: Duration = Duration::from_secs(30);
const RIDERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_killed_loses_nothing_and_the_other_takes_over() {
    let broker = Brokers::start(1).await;
    limited("a kill", kill_one_of_two(&broker)).await;
}

async fn kill_one_of_two(broker: &Brokers) {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path()).await;
    let of = Deployment {
        dir: dir.path().to_owned(),
        brokers: broker.addresses.clone(),
        provider: sandbox.url.clone(),
        factor: 1,
    };
    let (mut one, two) = tokio::join!(Instance::start(&of, "one"), Instance::start(&of, "two"));
    shared_out(&[&one, &two]).await;
    let platform = Platform {
        urls: vec![one.url.clone(), two.url.clone()],
        clock: Arc::new(MachineClock::real()),
        ahead: SignedDuration::from_hours(24),
        patient: true,
        assigned: Arc::default(),
    };
    let riders = Riders::start(&platform, RIDERS).await;
    riders.go_on(10).await;

    let killed = Instant::now();
    one.kill();
    let noticed = until_it_has(&two, killed, |(owned, _)| owned == PARTITIONS).await;
    let decides = until_it_has(&two, killed, |(_, running)| running == PARTITIONS).await;
    riders.go_on(10).await;

    let one = Instance::start(&of, "one").await;
    shared_out(&[&one, &two]).await;
    riders.go_on(10).await;
    let riders = riders.stop().await;
    tell(&riders, killed, noticed, decides);

    let count: usize = riders.iter().map(|rider| rider.booked.len()).sum();
    for instance in [&one, &two] {
        futures::future::join_all(riders.iter().map(|rider| check(rider, &instance.url))).await;
    }
    provider_agrees(&sandbox, count).await;
    one.doctor().await;
    two.doctor().await;
}

/// How long after the kill this is so of what an instance owns, and of what it runs.
async fn until_it_has(instance: &Instance, killed: Instant, so: impl Fn((usize, usize)) -> bool) -> Duration {
    within(TAKEOVER, "the dead instance's partitions run", async || {
        so(instance.partitions().await)
    })
    .await;
    killed.elapsed()
}

fn tell(riders: &[Rider], killed: Instant, noticed: Duration, decides: Duration) {
    let failures: Vec<(Duration, String)> = riders
        .iter()
        .flat_map(|rider| rider.person.trouble())
        .filter(|(at, _)| *at >= killed)
        .map(|(at, why)| (at.duration_since(killed), why))
        // Until its successor has another address, the dead one's refuses: that is the clients' to get over.
        .filter(|(_, why)| !why.contains("connect"))
        .collect();
    let longest = riders.iter().map(|rider| rider.longest).max().unwrap();
    println!("after kill -9 of one of two instances:");
    println!("  {noticed:?} until the other was given its partitions");
    println!("  {decides:?} until all of them decided again");
    println!("  {longest:?} was the longest that a booking took, repeats included");
    println!(
        "  {} requests failed otherwise than by a refused connection",
        failures.len()
    );
    for (at, why) in failures.iter().take(10) {
        println!("    after {at:?}: {why}");
    }
}

/// At this instance the rider finds every booking, and the advance of each has been taken.
async fn check(rider: &Rider, url: &str) {
    let person = rider.person.only_at(url);
    rider.finds_everything(&person).await;
    let wanted = rider.booked.len();
    within(
        Duration::from_secs(60),
        "all bookings are confirmed",
        async || rider.count(&person, "CONFIRMED").await == wanted,
    )
    .await;
}

/// The provider's own book: one advance taken for each booking, and no operation twice.
async fn provider_agrees(sandbox: &Sandbox, bookings: usize) {
    let mut references: BTreeMap<String, usize> = BTreeMap::new();
    let (mut captured, mut after) = (0, String::new());
    loop {
        let url = format!("{}/v1/book?limit=500{after}", sandbox.url);
        let book: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        for intent in book["data"].as_array().expect("the book's page") {
            captured += usize::from(intent["amount_captured"].as_i64().unwrap_or(0) > 0);
            let reference = intent["reference"].as_str().unwrap().to_owned();
            *references.entry(reference).or_default() += 1;
        }
        match book["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    references.retain(|_, count| *count > 1);
    assert!(
        references.is_empty(),
        "operations reached the provider twice: {references:?}"
    );
    assert_eq!(captured, bookings, "advances taken, and bookings acknowledged");
    println!("  {bookings} bookings were acknowledged, and {captured} advances taken");
}
