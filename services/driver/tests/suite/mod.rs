//! What the read model of searches and offers must answer, whatever store it is in.

mod fixture;
#[path = "../trip/mod.rs"]
mod trip;

#[allow(unused_imports, reason = "not every store needs all of it")]
pub use fixture::{Story, at, booking, driver, found, offer, offered, opened, reserved};
use fixture::{
    accepted, closed, considered, declined, held, lost, released, started, trip_shown, vehicle, wanted,
};
use interstate_driver::{
    domain::{candidates::FilterCode, dispatch::OfferState},
    read::{Dispatches, DutyRow, Opened},
};
use interstate_schemas::{BookingId, CalendarOwner, DispatchId, Money, Timestamp};
use std::time::Duration;

/// Runs all cases, each on the empty store that `open` makes for it.
pub async fn run(open: impl AsyncFn(&str) -> Opened) {
    for (name, batch) in [("one_by_one", 1), ("in_threes", 3), ("at_once", 100)] {
        let opened = open(name).await;
        drivers_are_asked_until_one_is_found(Story::new(opened, batch)).await;
        let opened = open(&format!("duties_{name}")).await;
        a_driver_sees_which_trips_have_their_time(Story::new(opened, batch)).await;
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

/// State, booking, from, on duty until, until.
async fn duties(
    dispatches: &dyn Dispatches,
    name: &str,
    after: &str,
) -> Vec<(String, BookingId, [Timestamp; 3])> {
    let duties = dispatches.duties(driver(name), at(after)).await.unwrap();
    let columns = |duty: DutyRow| {
        (
            duty.state,
            duty.booking,
            [duty.from, duty.on_duty_until, duty.until],
        )
    };
    duties.into_iter().map(columns).collect()
}

async fn a_driver_sees_which_trips_have_their_time(mut story: Story) {
    let (bala, car) = (
        CalendarOwner::Driver(driver("bala")),
        CalendarOwner::Vehicle(vehicle("bala")),
    );
    let chitra = CalendarOwner::Driver(driver("chitra"));
    story
        .mark(bala, held(bala, "trip", 1, "08:00:00", "10:00:00"))
        .await;
    story
        .mark(car, reserved(car, "trip", 1, "08:00:00", "10:00:00"))
        .await;
    story
        .mark(bala, reserved(bala, "trip", 1, "08:00:00", "10:00:00"))
        .await;
    story
        .mark(bala, reserved(bala, "next", 1, "11:00:00", "12:00:00"))
        .await;
    story
        .mark(chitra, held(chitra, "later", 1, "08:00:00", "10:00:00"))
        .await;
    let dispatches = story.told().await;
    let of = |state: &str, trip: &str, times: [&str; 3]| (state.to_owned(), booking(trip), times.map(at));
    let planned = of("reserved", "trip", ["08:00:00", "10:00:00", "11:00:00"]);
    let next = of("reserved", "next", ["11:00:00", "12:00:00", "13:00:00"]);
    let both = [planned, next.clone()];
    assert_eq!(duties(&*dispatches, "bala", "06:00:00").await, both);
    assert_eq!(duties(&*dispatches, "bala", "11:00:00").await, [next]);
    assert_eq!(
        duties(&*dispatches, "chitra", "06:00:00").await,
        [],
        "a hold is no duty"
    );

    // The next trip is given back, found again, and given back once more; the first is driven.
    story.mark(bala, started("trip", 1)).await;
    story.mark(bala, released(bala, "next", 1)).await;
    story
        .mark(bala, reserved(bala, "next", 2, "11:30:00", "12:30:00"))
        .await;
    story
        .mark(bala, closed(bala, "trip", 1, "09:30:00", "10:30:00"))
        .await;
    let dispatches = story.told().await;
    let driven = of("closed", "trip", ["08:00:00", "09:30:00", "10:30:00"]);
    let again = of("reserved", "next", ["11:30:00", "12:30:00", "13:30:00"]);
    let both = [driven.clone(), again];
    assert_eq!(duties(&*dispatches, "bala", "06:00:00").await, both);
    story.mark(bala, released(bala, "trip", 1)).await;
    story.mark(bala, released(bala, "next", 2)).await;
    // A search that replaces an earlier one whose release is late, and a trip that is over before it was to begin.
    story
        .mark(chitra, reserved(chitra, "later", 1, "14:00:00", "15:00:00"))
        .await;
    story
        .mark(chitra, reserved(chitra, "later", 3, "14:30:00", "15:30:00"))
        .await;
    story.mark(chitra, started("later", 3)).await;
    story
        .mark(chitra, closed(chitra, "later", 3, "14:00:00", "14:10:00"))
        .await;
    story.mark(chitra, released(chitra, "later", 2)).await;
    let dispatches = story.told().await;
    let released = "what was driven stays when it is released";
    assert_eq!(
        duties(&*dispatches, "bala", "06:00:00").await,
        [driven],
        "{released}"
    );
    let empty = of("closed", "later", ["14:30:00", "14:30:00", "14:30:00"]);
    assert_eq!(duties(&*dispatches, "chitra", "06:00:00").await, [empty]);
    assert_eq!(story.parked().await, Vec::<String>::new());
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
