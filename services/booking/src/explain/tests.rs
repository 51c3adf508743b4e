//! A story told from events in the wrong order.

use super::*;
use crate::domain::{
    booking::{AdvanceHeld, BookingEvent, Lapsed},
    quote::{
        Quote, QuoteCommand,
        tests::{MORNING, V1_PICKUP, as_rider, issue, quote},
    },
};
use interstate_eventing::{DomainEvent, fixture::given};
use interstate_schemas::{Actor, CommandId, EventId, Money};

fn event(
    name: &str,
    subject: String,
    kind: &'static str,
    causation: CommandId,
    payload: (&str, Vec<u8>),
) -> Event {
    Event {
        id: EventId::derive(0, &[name.as_bytes()]),
        service: "booking".into(),
        partition: 0,
        sequence: 1,
        aggregate: kind.into(),
        subject,
        version: 1,
        event_type: payload.0.to_owned().into(),
        time: MORNING.parse().unwrap(),
        actor: Actor::System,
        correlation: causation,
        causation,
        trace: None,
        payload: payload.1.into(),
    }
}

#[test]
fn causes_come_first_and_are_linked_and_the_quote_shows_every_line() {
    let issued = given::<Quote>(quote())
        .at(MORNING)
        .when(as_rider(), QuoteCommand::Issue(Box::new(issue(V1_PICKUP))));
    let issued = &issued.decided().events[0];
    let booking = BookingId::from(quote());
    let edge = CommandId::derive(1, &[b"edge"]);
    let millis = MORNING
        .parse::<Timestamp>()
        .unwrap()
        .as_millisecond()
        .unsigned_abs();
    let sent = CommandId::derive(
        millis,
        &[b"message", &edge.ulid().0.to_be_bytes(), &0_u32.to_be_bytes()],
    );
    let held = BookingEvent::from(AdvanceHeld {
        amount: Money::inr(94_000),
    });
    let first = event(
        "a",
        quote().to_string(),
        "quote",
        edge,
        (issued.event_type(), issued.encode()),
    );
    let second = event(
        "b",
        booking.to_string(),
        "booking",
        sent,
        (held.event_type(), held.encode()),
    );
    assert!(belongs(&first, booking) && belongs(&second, booking));

    let text = story(booking, &[second, first]);
    assert!(text.contains("1. 2026-11-19 07:00:00  quote.issued.v1"), "{text}");
    assert!(
        text.contains("2. 2026-11-19 07:00:00  booking.advance_held.v1  (system, because of 1)"),
        "{text}"
    );
    assert!(text.contains("270 km × ₹14.00"), "{text}");
    assert!(text.contains("PAYABLE") && text.contains("₹4,699.00"), "{text}");
    assert!(
        text.contains("Computed again from this event alone: the same."),
        "{text}"
    );
    assert!(text.contains("Good until 2026-11-19 07:30:00."), "{text}");
}

#[test]
fn what_other_services_say_is_shown_fact_by_fact() {
    let payload = br#"{"candidates":[{"driver":"drv_1","verdict":"REST_SHORT"}],"fee":{"amount":500,"currency":"INR"},"method":{"token":"secret"}}"#;
    let lines = facts::lines(payload);
    assert_eq!(
        lines,
        [
            "candidates:",
            "  - driver drv_1, verdict REST_SHORT",
            "fee: ₹5.00"
        ]
    );
}

#[test]
fn a_lapsed_booking_says_why() {
    let lapsed = BookingEvent::from(Lapsed {
        because: "payment.declined".to_owned(),
    });
    let command = CommandId::derive(1, &[b"x"]);
    let booking = BookingId::from(quote());
    let one = event(
        "c",
        booking.to_string(),
        "booking",
        command,
        (lapsed.event_type(), lapsed.encode()),
    );
    assert!(story(booking, &[one]).contains("payment.declined"));
    assert!(story(booking, &[]).contains("holds nothing"));
}
