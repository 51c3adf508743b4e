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
use interstate_schemas::{Actor, CommandId, EventId, Money, OperationId, PROPOSE};

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
    assert!(
        text.contains("1. 2026-11-19 07:00:00 IST  quote.issued.v1"),
        "{text}"
    );
    assert!(
        text.contains("2. 2026-11-19 07:00:00 IST  booking.advance_held.v1  (system, because of 1)"),
        "{text}"
    );
    assert!(text.contains("270 km × ₹14.00"), "{text}");
    assert!(text.contains("PAYABLE") && text.contains("₹4,699.00"), "{text}");
    assert!(
        text.contains("Computed again from this event alone: the same."),
        "{text}"
    );
    assert!(text.contains("Good until 2026-11-19 07:30:00 IST."), "{text}");
}

#[test]
fn what_an_effect_answers_is_linked_to_the_event_that_wanted_it() {
    let booking = BookingId::from(quote());
    let of = |name: &str, subject: String, kind: &str, causation: CommandId, payload: &str| Event {
        service: "another".into(),
        ..event(
            name,
            subject,
            "aggregate",
            causation,
            (kind, payload.as_bytes().to_vec()),
        )
    };
    let command = |name: &[u8]| CommandId::derive(1, &[name]);
    let dispatch = DispatchId::from(booking).to_string();
    let wanted = of(
        "w",
        dispatch.clone(),
        "dispatch.candidates_wanted.v1",
        command(b"find"),
        "{}",
    );
    let proposed = interstate_eventing::answer_id(PROPOSE, wanted.id);
    let considered = of(
        "c",
        dispatch.clone(),
        "dispatch.candidates_considered.v1",
        proposed,
        "{}",
    );
    let offered = of("o", dispatch, "dispatch.offers_made.v1", proposed, "{}");

    let payment = PaymentId::from(booking).to_string();
    let operation = format!(r#"{{"operation":"{}"}}"#, OperationId::derive(1, &[b"hold"]));
    let requested = of(
        "r",
        payment.clone(),
        "payment.operation_requested.v1",
        command(b"hold"),
        &operation,
    );
    let result = command(b"the provider said yes");
    let closed = of(
        "x",
        payment.clone(),
        "payment.operation_closed.v1",
        result,
        &operation,
    );
    let held = of("h", payment, "payment.held.v1", result, "{}");

    let text = story(booking, &[held, closed, requested, offered, considered, wanted]);
    let because = |kind: &str| {
        let line = text
            .lines()
            .find(|line| line.contains(kind))
            .unwrap_or_else(|| panic!("{text}"));
        let number = line
            .split("because of ")
            .nth(1)
            .unwrap_or_else(|| panic!("no cause: {line}"));
        let number = format!("{}. ", number.trim_end_matches(')'));
        let cause = text.lines().find(|line| line.starts_with(&number)).unwrap();
        cause.split("  ").nth(1).unwrap().to_owned()
    };
    assert_eq!(because("candidates_considered"), "dispatch.candidates_wanted.v1");
    assert_eq!(because("offers_made"), "dispatch.candidates_wanted.v1");
    assert_eq!(because("operation_closed"), "payment.operation_requested.v1");
    assert_eq!(because("payment.held"), "payment.operation_requested.v1");
}

#[test]
fn what_other_services_say_is_shown_fact_by_fact() {
    let payload = br#"{"candidates":[{"driver":"drv_1","verdict":"REST_SHORT"}],"fee":{"amount":500,"currency":"INR"},"until":"2026-11-19T02:00:00Z","method":{"token":"secret"}}"#;
    let lines = facts::lines(payload);
    assert_eq!(
        lines,
        [
            "candidates:",
            "  - driver drv_1, verdict REST_SHORT",
            "fee: ₹5.00",
            "until: 2026-11-19 07:30:00 IST"
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
