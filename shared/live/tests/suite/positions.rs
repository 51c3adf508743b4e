//! Positions, told to one instance and asked of another.

use super::until;
use interstate_live::positions::{Around, LivePositions, Sighting};
use interstate_schemas::{DriverId, GeoPoint, SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};

/// Two instances. In memory they are one.
pub struct Pair {
    pub here: Arc<dyn LivePositions>,
    pub there: Arc<dyn LivePositions>,
}

pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

pub fn driver(n: u64) -> DriverId {
    DriverId::derive(n, &[b"driver"])
}

pub fn jaipur(north_m: f64) -> GeoPoint {
    GeoPoint::new(26.9196 + north_m / 111_195.0, 75.7878).unwrap()
}

pub fn seen(north_m: f64, seconds: i64) -> Sighting {
    Sighting {
        point: jaipur(north_m),
        at: time(seconds),
        accuracy_m: 8.5,
        speed_mps: Some(12.25),
        bearing_deg: None,
    }
}

pub async fn last(of: &dyn LivePositions, driver: DriverId) -> Option<Sighting> {
    of.last(&[driver]).await.first().map(|(_, seen)| *seen)
}

pub async fn near(of: &dyn LivePositions, radius_m: u32, limit: usize, seconds: i64) -> Vec<(DriverId, u32)> {
    let around = Around {
        point: jaipur(0.0),
        radius_m,
        limit,
    };
    let found = of.nearest(around, time(seconds)).await;
    found.into_iter().map(|near| (near.driver, near.metres)).collect()
}

/// All of it, each part with drivers of its own; `world` makes instances that nobody has told anything.
pub async fn run<F: Future<Output = Pair>>(mut world: impl FnMut() -> F) {
    the_latest_counts(world().await).await;
    a_repeat_and_a_late_one_move_nobody(world().await).await;
    the_nearest_come_first(world().await).await;
    who_was_not_seen_for_ten_minutes_is_not_near(world().await).await;
    who_moves_is_near_where_they_are_now(world().await).await;
    a_follower_sees_them_move(world().await).await;
    many_at_once(world().await).await;
}

async fn the_latest_counts(Pair { here, there }: Pair) {
    assert_eq!(last(&*there, driver(1)).await, None);
    assert_eq!(there.last(&[]).await, []);
    here.saw(driver(1), seen(0.0, 0), time(0));
    here.saw(driver(1), seen(100.0, 5), time(5));
    let known = until(
        async || last(&*there, driver(1)).await,
        |seen| seen.is_some_and(|seen| seen.at == time(5)),
    );
    assert_eq!(known.await, Some(seen(100.0, 5)), "every field travels");
    assert_eq!(
        last(&*here, driver(1)).await,
        Some(seen(100.0, 5)),
        "one's own is known at once"
    );
    here.saw(driver(2), seen(7.0, 6), time(6));
    let both = until(
        async || there.last(&[driver(9), driver(2), driver(1)]).await,
        |both| both.len() == 2,
    );
    let both: Vec<_> = both.await.into_iter().map(|(driver, _)| driver).collect();
    assert_eq!(both, [driver(2), driver(1)], "who never was seen is left out");
}

async fn a_repeat_and_a_late_one_move_nobody(Pair { here, there }: Pair) {
    here.saw(driver(1), seen(0.0, 60), time(60));
    until(async || last(&*there, driver(1)).await, Option::is_some).await;
    // Another instance has taken an older one up later.
    there.saw(driver(1), seen(900.0, 30), time(61));
    here.saw(driver(1), seen(500.0, 60), time(62));
    there.saw(driver(2), seen(0.0, 62), time(62));
    until(async || last(&*here, driver(2)).await, Option::is_some).await;
    for instance in [&here, &there] {
        assert_eq!(last(&**instance, driver(1)).await, Some(seen(0.0, 60)));
        let near = until(
            async || near(&**instance, 10_000, 9, 62).await,
            |near| near.len() == 2,
        );
        assert!(near.await.iter().all(|(_, metres)| *metres == 0));
    }
}

async fn the_nearest_come_first(Pair { here, there }: Pair) {
    for (n, north) in [(1, 3_000.0), (2, 1_000.0), (3, 2_000.0), (4, 50_000.0)] {
        here.saw(driver(n), seen(north, 0), time(0));
    }
    until(
        async || near(&*there, 300_000, 9, 1).await,
        |near| near.len() == 4,
    )
    .await;
    for instance in [&here, &there] {
        let found = near(&**instance, 10_000, 9, 1).await;
        let order: Vec<_> = found.iter().map(|(driver, _)| *driver).collect();
        assert_eq!(order, [driver(2), driver(3), driver(1)]);
        assert!(found[0].1.abs_diff(1_000) <= 1, "{found:?}");
        assert_eq!(near(&**instance, 10_000, 2, 1).await.len(), 2);
        assert_eq!(near(&**instance, 1_900, 9, 1).await.len(), 1);
        assert_eq!(near(&**instance, 10, 9, 1).await, []);
        assert_eq!(near(&**instance, 10_000, 0, 1).await, []);
    }
}

async fn who_was_not_seen_for_ten_minutes_is_not_near(Pair { here, there }: Pair) {
    here.saw(driver(1), seen(0.0, 0), time(0));
    here.saw(driver(2), seen(10.0, 300), time(300));
    until(
        async || near(&*there, 1_000, 9, 600).await,
        |near| near.len() == 2,
    )
    .await;
    let later = near(&*there, 1_000, 9, 601).await;
    assert_eq!(later, [(driver(2), 10)]);
    assert_eq!(
        last(&*there, driver(1)).await,
        Some(seen(0.0, 0)),
        "and still is known to have been there"
    );
}

async fn who_moves_is_near_where_they_are_now(Pair { here, there }: Pair) {
    here.saw(driver(1), seen(0.0, 0), time(0));
    until(async || near(&*there, 1_000, 9, 0).await, |near| near.len() == 1).await;
    // The next fix came to the other one.
    there.saw(driver(1), seen(40_000.0, 60), time(60));
    for instance in [&here, &there] {
        let near_before = until(async || near(&**instance, 1_000, 9, 60).await, Vec::is_empty);
        assert_eq!(near_before.await, []);
        assert_eq!(near(&**instance, 50_000, 9, 60).await.len(), 1);
    }
}

async fn a_follower_sees_them_move(Pair { here, there }: Pair) {
    here.saw(driver(1), seen(0.0, 0), time(0));
    let mut following = there.watch(driver(1), time(1));
    let mut other = there.watch(driver(2), time(1));
    let first = tokio::time::timeout(Duration::from_secs(10), following.wait_for(Option::is_some));
    assert_eq!(
        *first.await.expect("what is known comes first").unwrap(),
        Some(seen(0.0, 0))
    );
    for second in 1..=3 {
        here.saw(driver(1), seen(10.0 * second as f64, second), time(second));
        let next = following.wait_for(|seen| seen.is_some_and(|seen| seen.at == time(second)));
        let next = tokio::time::timeout(Duration::from_secs(10), next);
        assert_eq!(
            *next.await.expect("it comes").unwrap(),
            Some(seen(10.0 * second as f64, second))
        );
    }
    assert_eq!(*other.borrow_and_update(), None, "nobody else moved");
    drop(following);
    // One who comes back later still gets the last one.
    here.saw(driver(1), seen(99.0, 9), time(9));
    let mut again = there.watch(driver(1), time(9));
    let seen_again = again.wait_for(|seen| seen.is_some_and(|seen| seen.at == time(9)));
    let seen_again = tokio::time::timeout(Duration::from_secs(10), seen_again);
    assert!(seen_again.await.is_ok());
}

async fn many_at_once(Pair { here, there }: Pair) {
    const MANY: u64 = 1_500;
    for n in 0..MANY {
        here.saw(driver(n), seen(n as f64, 0), time(0));
    }
    let wanted = usize::try_from(MANY).unwrap();
    let found = until(
        async || near(&*there, 300_000, 2_000, 1).await,
        |near| near.len() == wanted,
    )
    .await;
    assert_eq!(found.len(), wanted);
    assert!(found.is_sorted_by_key(|(_, metres)| *metres));
    let late = time(0) + SignedDuration::from_hours(1);
    here.saw(driver(MANY), seen(0.0, 3_600), late);
    let left = until(
        async || near(&*there, 300_000, 2_000, 3_600).await,
        |near| near.len() == 1,
    )
    .await;
    assert_eq!(left, [(driver(MANY), 0)]);
}
