//! What the read model of searches and offers must answer, whatever store it is in.

mod fixture;

#[allow(unused_imports, reason = "not every store needs all of it")]
pub use fixture::{Story, at, booking, driver, found, offer, offered, opened};
use fixture::{accepted, considered, declined, lost, trip_shown, vehicle, wanted};
use interstate_driver::{
    domain::{candidates::FilterCode, dispatch::OfferState},
    read::{Dispatches, Opened},
};
use interstate_schemas::{DispatchId, Money};
use std::time::Duration;

/// Runs all cases, each on the empty store that `open` makes for it.
pub async fn run(open: impl AsyncFn(&str) -> Opened) {
    for (name, batch) in [("one_by_one", 1), ("in_threes", 3), ("at_once", 100)] {
        drivers_are_asked_until_one_is_found(Story::new(open(name).await, batch)).await;
    }
    the_offers_of_a_driver_are_the_first_to_expire_first(Story::new(open("waiting").await, 100)).await;
    a_driver_hears_of_what_happens_to_their_offers(open("heard").await).await;
}

async fn states(dispatches: &dyn Dispatches, name: &str) -> Vec<OfferState> {
    let offers = dispatches.offers(driver(name)).await.unwrap();
    offers.into_iter().map(|offer| offer.state).collect()
}

/// The answers are the same however the events are divided into transactions.
async fn drivers_are_asked_until_one_is_found(mut story: Story) {
    let dispatch = DispatchId::from(booking("trip"));
    story.tell("trip", opened("trip", 1)).await;
    story.tell("trip", wanted(1, 1)).await;
    story.tell("trip", considered("trip", 1)).await;
    let drivers = ["bala", "chitra", "devi", "esha"];
    story
        .tell("trip", offered("trip", 1, "06:01:00.500", &drivers))
        .await;
    story.tell("trip", accepted("trip", 1, "bala")).await;
    story.tell("trip", declined("trip", 1, "chitra")).await;
    let dispatches = story.told().await;

    let search = dispatches.search(dispatch).await.unwrap().unwrap();
    assert_eq!(
        (search.search, search.state.as_str(), search.rounds),
        (1, "searching", 1)
    );
    assert_eq!(
        (search.opened_at, search.until),
        (at("06:00:00.125"), at("06:30:00.250"))
    );
    assert_eq!((search.considered, search.passed), (9, 2));
    assert_eq!(search.booking, booking("trip"));
    let why: Vec<_> = search.why.iter().map(|why| (why.code, why.candidates)).collect();
    assert_eq!(why, [(FilterCode::SeatsShort, 7)]);
    assert_eq!(states(&*dispatches, "bala").await, [OfferState::Accepted]);
    assert_eq!(states(&*dispatches, "chitra").await, []);
    let waits = dispatches.offers(driver("devi")).await.unwrap();
    let [waits] = &*waits else { panic!("{waits:?}") };
    assert_eq!(
        (waits.offer, waits.state),
        (offer("trip", 1, "devi"), OfferState::Open)
    );
    assert_eq!(
        (waits.dispatch, waits.driver, waits.vehicle),
        (dispatch, driver("devi"), vehicle("devi"))
    );
    assert_eq!(
        (waits.expires_at, waits.earns),
        (at("06:01:00.500"), Money::rupees(3_000))
    );
    assert_eq!(serde_json::to_value(&waits.trip).unwrap(), trip_shown("trip"));

    story.tell("trip", lost("trip", 1, "bala")).await;
    story.tell("trip", accepted("trip", 1, "devi")).await;
    story.tell("trip", found("trip", 1, "devi", &["esha"])).await;
    let dispatches = story.told().await;
    assert_eq!(dispatches.search(dispatch).await.unwrap().unwrap().state, "found");
    for name in drivers {
        assert_eq!(states(&*dispatches, name).await, [], "{name}");
    }

    // The driver gives the trip back, and the booking searches again.
    story.tell("trip", opened("trip", 2)).await;
    story
        .tell("trip", offered("trip", 2, "06:02:00", &["esha"]))
        .await;
    let dispatches = story.told().await;
    let again = dispatches.search(dispatch).await.unwrap().unwrap();
    assert_eq!(
        (again.search, again.state.as_str(), again.rounds),
        (2, "searching", 0)
    );
    assert_eq!((again.considered, again.passed, again.why.len()), (0, 0, 0));
    assert_eq!(states(&*dispatches, "esha").await, [OfferState::Open]);
    story.tell("trip", found("trip", 2, "esha", &[])).await;
    let dispatches = story.told().await;
    assert_eq!(dispatches.search(dispatch).await.unwrap().unwrap().state, "found");
    assert_eq!(story.parked().await, Vec::<String>::new());
    let nobody = DispatchId::from(booking("another"));
    assert_eq!(dispatches.search(nobody).await.unwrap(), None);
}

async fn the_offers_of_a_driver_are_the_first_to_expire_first(mut story: Story) {
    for (name, expires_at) in [("late", "06:03:00"), ("soon", "06:01:00"), ("next", "06:02:00")] {
        story.tell(name, opened(name, 1)).await;
        story.tell(name, offered(name, 1, expires_at, &["bala"])).await;
    }
    let offers = story.told().await.offers(driver("bala")).await.unwrap();
    let waiting: Vec<_> = offers.iter().map(|offer| offer.dispatch).collect();
    let expected = ["soon", "next", "late"].map(|name| DispatchId::from(booking(name)));
    assert_eq!(waiting, expected);
}

async fn a_driver_hears_of_what_happens_to_their_offers(opened_store: Opened) {
    let mut story = Story::new(opened_store, 100);
    let dispatches = story.told().await;
    let (mut bala, mut chitra) = (
        dispatches.watch(driver("bala")),
        dispatches.watch(driver("chitra")),
    );
    story.tell("trip", opened("trip", 1)).await;
    story
        .tell("trip", offered("trip", 1, "06:01:00", &["bala"]))
        .await;
    story.told().await;
    heard(bala.changed()).await;
    story.tell("trip", found("trip", 1, "devi", &["bala"])).await;
    story.told().await;
    heard(bala.changed()).await;
    let nothing = tokio::time::timeout(Duration::from_millis(50), chitra.changed()).await;
    assert!(nothing.is_err(), "nothing happened to Chitra");
}

/// Waits for what a stream waits for.
pub async fn heard<T>(change: impl Future<Output = T>) {
    let heard = tokio::time::timeout(Duration::from_secs(5), change).await;
    assert!(heard.is_ok(), "a driver hears of a change within 5 s");
}
