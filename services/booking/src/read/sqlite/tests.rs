//! The read model on a real SQLite.

use super::{
    super::{BookingHistory, Filter, Whose},
    *,
};
use crate::domain::{
    booking::{Booking, BookingCommand, Stage},
    quote::{
        Quote, QuoteCommand,
        tests::{MORNING, V1_PICKUP, as_rider, issue, method, quote, rider},
    },
};
use interstate_eventing::{Aggregate, DomainEvent, Event, fixture::given, projection::Changes};
use interstate_schemas::{Actor, BookingId, CommandId, EventId, Money, Timestamp, UserId};
use interstate_stores::{Projection, Sqlite};
use rusqlite::{Connection, params};
use tempfile::TempDir;

fn at(index: usize) -> Timestamp {
    let start: Timestamp = MORNING.parse().unwrap();
    Timestamp::from_millisecond(start.as_millisecond() + index as i64).unwrap()
}

pub(super) fn in_log<E: DomainEvent>(kind: &'static str, subject: &str, events: &[E]) -> Vec<Event> {
    let command = CommandId::derive(0, &[subject.as_bytes()]);
    let wrap = |(index, event): (usize, &E)| Event {
        id: EventId::derive(0, &[subject.as_bytes(), &index.to_be_bytes()]),
        service: "booking".into(),
        partition: 0,
        sequence: index as u64 + 1,
        aggregate: kind.into(),
        subject: subject.to_owned(),
        version: index as u64 + 1,
        event_type: event.event_type().into(),
        time: at(index),
        actor: Actor::System,
        correlation: command,
        causation: command,
        trace: None,
        payload: event.encode().into(),
    };
    events.iter().enumerate().map(wrap).collect()
}

/// A quote that is accepted, and the booking's first decision.
pub(super) fn events() -> (Vec<Event>, Vec<Event>) {
    let issued = given::<Quote>(quote())
        .at(MORNING)
        .when(as_rider(), QuoteCommand::Issue(Box::new(issue(V1_PICKUP))));
    let mut quotes = issued.decided().events.clone();
    let accepted = issued
        .story()
        .when(as_rider(), QuoteCommand::Accept { method: method() });
    quotes.extend(accepted.decided().events.clone());
    let BookingCommand::Book(order) = serde_json::from_slice(&accepted.messages()[0].payload).unwrap() else {
        panic!()
    };
    let id = BookingId::from(quote());
    let booked = given::<Booking>(id)
        .at(MORNING)
        .when(Actor::Service("booking".to_owned()), BookingCommand::Book(order));
    (
        in_log(Quote::NAME, &quote().to_string(), &quotes),
        in_log(Booking::NAME, &id.to_string(), &booked.decided().events),
    )
}

/// An empty file, as the projection finds it at first.
async fn empty() -> (BookingProjection, BookingHistory, Connection, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let db = Sqlite::open(folder.path().join("booking.db")).await.unwrap();
    let rows = Connection::open(db.path()).unwrap();
    for statement in BookingProjection::SCHEMA.iter().chain(BookingProjection::INDICES) {
        rows.execute_batch(statement).unwrap();
    }
    let changes = Changes::default();
    let history = BookingHistory::new(SqliteBookings::new(db.readers().clone()), changes.clone());
    (BookingProjection::new(changes), history, rows, folder)
}

async fn projected(events: &[Event]) -> (BookingHistory, Connection, TempDir) {
    let (projection, history, mut rows, folder) = empty().await;
    let tx = rows.transaction().unwrap();
    for event in events {
        projection.apply(&tx, event).unwrap();
    }
    tx.commit().unwrap();
    (history, rows, folder)
}

#[tokio::test]
async fn whoever_accepted_a_quote_finds_the_booking_before_its_own_events() {
    let (quotes, _) = events();
    let (history, _, _folder) = projected(&quotes).await;
    let booking = history.booking(BookingId::from(quote())).await.unwrap().unwrap();
    assert_eq!(
        (booking.stage, booking.rider, booking.version),
        (Stage::PendingPayment, rider(), 0)
    );
    assert_eq!(
        (booking.from.as_str(), booking.to.as_str()),
        ("Ahmedabad", "Udaipur")
    );
    assert_eq!(booking.money.payable, Money::inr(469_900));
    let found = history.quote(quote()).await.unwrap().unwrap();
    assert_eq!(found.view.booking, Some(booking.booking));
}

#[tokio::test]
async fn partitions_in_any_order_give_the_same_row() {
    let (quotes, bookings) = events();
    let id = BookingId::from(quote());
    let (issued, accepted) = quotes.split_at(1);
    let early = [issued, accepted, &bookings].concat();
    let late = [issued, &bookings, accepted].concat();
    let (one, _, _folder) = projected(&early).await;
    let (other, _, _other_folder) = projected(&late).await;
    let row = one.booking(id).await.unwrap().unwrap();
    assert_eq!(Some(row.clone()), other.booking(id).await.unwrap());
    assert_eq!(row.saga.step, "hold the advance");
    assert_eq!(row.saga.phase, "running");
    let story = one.story(&row).await.unwrap();
    assert_eq!(story, other.story(&row).await.unwrap());
    assert_eq!(story[0].what, "quote.issued.v1");
    assert_eq!(story.len(), quotes.len() + bookings.len());
}

#[tokio::test]
async fn riders_see_their_own_bookings_page_by_page() {
    let (quotes, bookings) = events();
    let (history, rows, _folder) = projected(&[quotes, bookings].concat()).await;
    for n in 0..4_i64 {
        let copy = BookingId::derive(0, &[&n.to_be_bytes()]);
        rows.execute(
            "INSERT INTO bookings SELECT ?1, quote, rider, stage, because, driver, driver_user, vehicle, card, kind, class,
             origin, destination, pickup_at, ends_at, payable, advance, held, captured, balance, fee, refund, plan,
             saga_phase, saga_step, support_case, booked_at + ?2, updated_at, version FROM bookings WHERE booking = ?3",
            params![copy.to_string(), n / 2, BookingId::from(quote()).to_string()],
        )
        .unwrap();
    }
    let whose = Whose::Rider(rider());
    let pending = Filter {
        stage: Some(Stage::PendingPayment),
        ..Filter::default()
    };
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = history.list(whose, pending, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.booked_at, last.booking));
        seen.extend(page.iter().map(|row| row.booking));
    }
    assert_eq!(seen.len(), 5);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5, "no booking twice");
    let stranger = Whose::Rider(UserId::derive(0, &[b"nobody"]));
    assert!(
        history
            .list(stranger, Filter::default(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(history.by_stage().await.unwrap()["PENDING_PAYMENT"], 5);

    rows.execute(
        "UPDATE bookings SET support_case = 1 WHERE booking = ?",
        [BookingId::from(quote()).to_string()],
    )
    .unwrap();
    let of = async |open| {
        let filter = Filter {
            support_case: Some(open),
            ..Filter::default()
        };
        history.list(Whose::All, filter, None, 10).await.unwrap()
    };
    let open = of(true).await;
    assert!(open.len() == 1 && open[0].saga.support_case, "{open:?}");
    assert_eq!(of(false).await.len(), 4);
}
