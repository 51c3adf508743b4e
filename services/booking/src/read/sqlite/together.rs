//! However events come together, the rows are those of one event after the other.

use super::{
    BookingProjection,
    schema::{INDICES, SCHEMA, TABLES},
    tests::{events, in_log},
};
use crate::domain::{
    booking::{Booking, unreliable::history},
    quote::tests::quote,
};
use interstate_eventing::{Aggregate, Event, projection::Changes};
use interstate_schemas::{BookingId, QuoteId};
use interstate_stores::Projection;
use proptest::prelude::*;
use rusqlite::{Connection, types::Value};
use std::collections::VecDeque;

fn rows() -> Connection {
    let rows = Connection::open_in_memory().unwrap();
    for statement in SCHEMA.iter().chain(INDICES) {
        rows.execute_batch(statement).unwrap();
    }
    rows
}

/// Everything in the tables, in the order of their keys.
fn all(rows: &Connection) -> Vec<Vec<Value>> {
    let mut found = Vec::new();
    for table in TABLES {
        let mut select = rows
            .prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))
            .unwrap();
        let width = select.column_count();
        let table = select.query_map([], |row| (0..width).map(|column| row.get(column)).collect());
        found.extend(table.unwrap().map(Result::unwrap));
    }
    found
}

/// The same events with another quote and its booking.
fn of_another(number: u8, events: Vec<Event>) -> VecDeque<Event> {
    let ulid = |id: BookingId| id.ulid().to_string();
    let one = ulid(BookingId::from(quote()));
    let other = ulid(BookingId::from(QuoteId::derive(0, &[&[number]])));
    let renamed = events.into_iter().map(|event| Event {
        subject: event.subject.replace(&one, &other),
        payload: String::from_utf8_lossy(&event.payload)
            .replace(&one, &other)
            .into(),
        ..event
    });
    renamed.collect()
}

/// A quote and a booking each, mixed by chance as partitions are; each keeps its own order.
fn mixed(stories: Vec<Vec<u8>>, chances: &[u8]) -> Vec<Event> {
    let mut queues = Vec::new();
    for (number, chances) in (0_u8..).zip(stories) {
        let booking = in_log(
            Booking::NAME,
            &BookingId::from(quote()).to_string(),
            &history(chances),
        );
        queues.push(of_another(number, events().0));
        queues.push(of_another(number, booking));
    }
    let mut mixed = Vec::new();
    // A booking's own events follow its quote's first: the quote is accepted before.
    for pair in queues.chunks_mut(2) {
        mixed.extend(pair[0].pop_front());
    }
    let mut chances = chances.iter().cycle();
    while queues.iter().any(|queue| !queue.is_empty()) {
        let which = usize::from(*chances.next().unwrap()) % queues.len();
        let (before, from) = queues.split_at_mut(which);
        let next = from.iter_mut().chain(before).find_map(VecDeque::pop_front);
        mixed.extend(next);
    }
    mixed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_events_in_one_go_make_the_rows_that_each_makes_by_itself(
        stories in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..4),
        order in prop::collection::vec(any::<u8>(), 1..60),
        sizes in prop::collection::vec(1_usize..40, 1..10),
    ) {
        let events = mixed(stories, &order);
        let projection = BookingProjection::new(Changes::default());
        let (one_by_one, together) = (rows(), rows());
        for event in &events {
            projection.apply(&one_by_one, event).unwrap();
        }
        let all_events: Vec<&Event> = events.iter().collect();
        let (mut rest, mut sizes) = (&all_events[..], sizes.iter().cycle());
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            projection.apply_all(&together, chunk).unwrap();
            rest = later;
        }
        prop_assert_eq!(all(&one_by_one), all(&together));
    }
}
