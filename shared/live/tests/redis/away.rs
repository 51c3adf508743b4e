//! The server goes away and comes back, while fixes come in.

use crate::{
    instance,
    suite::{
        positions::{driver, last, near, seen, time},
        until,
    },
};
use interstate_engines::Engine;
use interstate_live::{Standing, positions::LivePositions, rates::Rate};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Nobody waits longer for an answer, whatever the server does.
const BOUND: Duration = Duration::from_millis(900);

/// Reports and asks all the while, as the edge would. The longest that anything took.
fn load(of: Arc<dyn LivePositions>, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<Duration> {
    tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        let mut n = 0;
        while !stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            let second = n as i64 / 100;
            of.saw(driver(1_000 + n % 50), seen(200_000.0, second), time(second));
            near(&*of, 10_000, 9, 100).await;
            last(&*of, driver(1)).await;
            longest = longest.max(began.elapsed());
            n += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        longest
    })
}

async fn goes_away(engine: &mut Engine, away: fn(&Engine), back: fn(&mut Engine)) {
    let (one, two) = (instance(engine, "away").await, instance(engine, "away").await);
    let (here, there) = (one.positions(), two.positions());
    here.saw(driver(1), seen(0.0, 0), time(0));
    let known = until(async || last(&*there, driver(1)).await, Option::is_some);
    assert!(known.await.is_some());
    // Nobody hears of this one again.
    here.saw(driver(3), seen(90.0, 0), time(0));
    let known = until(async || last(&*there, driver(3)).await, Option::is_some);
    assert!(known.await.is_some());
    let mut following = there.watch(driver(1), time(0));
    following.wait_for(Option::is_some).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let loads = [
        load(here.clone(), stop.clone()),
        load(there.clone(), stop.clone()),
    ];
    tokio::time::sleep(Duration::from_millis(300)).await;

    away(engine);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    here.saw(driver(1), seen(50.0, 60), time(60));
    here.saw(driver(2), seen(70.0, 60), time(60));
    assert_eq!(last(&*here, driver(1)).await, Some(seen(50.0, 60)));
    let began = Instant::now();
    let own = near(&*here, 10_000, 9, 61).await;
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(100),
        "nobody asks any more, after {took:?}"
    );
    let nearest = [(driver(1), 50), (driver(2), 70), (driver(3), 90)];
    assert_eq!(own, nearest, "it serves what it has itself");
    assert_eq!(
        last(&*there, driver(2)).await,
        None,
        "and nothing that it cannot know"
    );
    let standing = one.standing().await;
    assert!(
        matches!(&standing, Standing::Away(why) if !why.for_good && why.to_string().contains("REDIS_URL")),
        "{standing:?}"
    );
    assert_eq!(
        one.misconfigured(),
        None,
        "a server that is away is nobody's mistake"
    );
    tokio::time::sleep(Duration::from_secs(4)).await;

    back(engine);
    let told = following.wait_for(|seen| seen.is_some_and(|seen| seen.at == time(60)));
    let told = tokio::time::timeout(Duration::from_secs(20), told).await;
    assert!(
        told.is_ok(),
        "the follower hears of it without anybody reporting again"
    );
    // One that starts now asks the server, which may have come back empty.
    let third = instance(engine, "away").await.positions();
    for instance in [&there, &third] {
        let all = until(
            async || near(&**instance, 10_000, 9, 61).await,
            |near| near.len() == 3,
        );
        assert_eq!(all.await, nearest);
    }
    let standing = until(
        async || two.standing().await,
        |standing| matches!(standing, Standing::Answers(_)),
    );
    assert!(matches!(standing.await, Standing::Answers(_)));
    stop.store(true, Ordering::Relaxed);
    for load in loads {
        let longest = load.await.unwrap();
        assert!(longest < BOUND, "somebody waited for {longest:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_holds_nobody_up_and_is_told_afterwards() {
    let mut engine = Engine::start("redis");
    goes_away(&mut engine, Engine::pause, |engine| engine.resume()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_and_comes_back_empty_is_told_everything_again() {
    let mut engine = Engine::start("redis");
    goes_away(&mut engine, Engine::kill, Engine::again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_starts_without_the_server_and_finds_it_later() {
    let mut engine = Engine::start("redis");
    engine.kill();
    let began = Instant::now();
    let one = instance(&engine, "later").await;
    assert!(began.elapsed() < Duration::from_secs(3));
    let positions = one.positions();
    positions.saw(driver(1), seen(0.0, 0), time(0));
    engine.again();
    let other = instance(&engine, "later").await.positions();
    let known = until(async || last(&*other, driver(1)).await, Option::is_some);
    assert_eq!(known.await, Some(seen(0.0, 0)));
}

/// Each does this to the server.
const BOTH: [(fn(&Engine), fn(&mut Engine)); 2] = [
    (Engine::pause, |engine| engine.resume()),
    (Engine::kill, Engine::again),
];

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_each_process_limits_by_itself() {
    let rate = Rate {
        per_second: 0.01,
        burst: 3.0,
    };
    for (away, back) in BOTH {
        let mut engine = Engine::start("redis");
        let here = instance(&engine, "rates").await.limit("test", rate, 10);
        let there = instance(&engine, "rates").await.limit("test", rate, 10);
        assert!(here.take("asha").await.is_ok());
        away(&engine);
        let began = Instant::now();
        let mut let_in = [0, 0];
        for _ in 0..10 {
            for (instance, let_in) in [&here, &there].into_iter().zip(&mut let_in) {
                *let_in += u32::from(instance.take("asha").await.is_ok());
            }
        }
        assert_eq!(let_in, [2, 3], "what came here before the server went is known");
        // Three late answers of each, and then nobody asks.
        assert!(
            began.elapsed() < Duration::from_millis(2_500),
            "{:?}",
            began.elapsed()
        );
        back(&mut engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_ends_while_the_server_is_away_has_ended_everywhere_when_it_is_back() {
    const LIFE: Duration = Duration::from_secs(60);
    for (away, back) in BOTH {
        let mut engine = Engine::start("redis");
        let one = instance(&engine, "logins").await;
        let (here, there) = (
            one.ended_logins(),
            instance(&engine, "logins").await.ended_logins(),
        );
        here.end("ses_before", LIFE).await;
        assert!(there.has_ended("ses_before").await);
        away(&engine);
        let began = Instant::now();
        here.end("ses_meanwhile", LIFE).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert!(here.has_ended("ses_meanwhile").await, "here it has, at once");
        assert!(
            there.has_ended("ses_before").await,
            "what was learned before still holds"
        );
        assert!(!there.has_ended("ses_meanwhile").await, "this it cannot know");
        back(&mut engine);
        let told = until(async || there.has_ended("ses_meanwhile").await, |ended| *ended);
        assert!(told.await, "it is told by itself");
        // One that starts now asks the server, which may have come back empty.
        let third = instance(&engine, "logins").await.ended_logins();
        let told = until(async || third.has_ended("ses_before").await, |ended| *ended);
        assert!(told.await);
    }
}
