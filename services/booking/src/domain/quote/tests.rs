//! Quotes as stories.

use super::*;
use crate::domain::{
    booking::{BookingCommand, Order},
    fare::{LineCode, Recipient},
    tariff::{BasisPoints, TariffVersion},
};
use interstate_eventing::{Aggregate, DomainEvent, fixture::given};
use interstate_schemas::{
    Actor, GeoPoint, Money, PaymentMethod, QuoteId, Role, RouteLeg, RouteSource, StateCode, Stop, Timestamp,
    TollStop, TripKind, TripRoute, UserId, VehicleClass,
};

/// When the quotes of these tests are asked for: a day before V1's pickup.
pub(crate) const MORNING: &str = "2026-11-19T07:00:00+05:30";

pub(crate) fn rider() -> UserId {
    UserId::derive(0, &[b"asha"])
}

pub(crate) fn as_rider() -> Actor {
    Actor::User {
        id: rider(),
        role: Role::Rider,
    }
}

pub(crate) fn quote() -> QuoteId {
    QuoteId::derive(0, &[b"quote"])
}

pub(crate) fn method() -> PaymentMethod {
    PaymentMethod::Card {
        token: "tok_ok".to_owned(),
    }
}

fn stop(name: &str, lat: f64, lon: f64, state: StateCode) -> Stop {
    Stop {
        name: name.to_owned(),
        point: GeoPoint::new(lat, lon).unwrap(),
        state,
    }
}

/// V1: Ahmedabad to Udaipur, 270.4 km in five and a half hours, ₹295 of tolls.
pub(crate) fn issue(pickup_at: &str) -> Issue {
    Issue {
        quote: quote(),
        rider: rider(),
        kind: TripKind::OneWay,
        class: VehicleClass::Sedan,
        passengers: 2,
        bags: 1,
        pickup_at: pickup_at.parse().unwrap(),
        until: None,
        route: TripRoute {
            stops: vec![
                stop("Ahmedabad", 23.0225, 72.5714, StateCode::GJ),
                stop("Udaipur", 24.5854, 73.7125, StateCode::RJ),
            ],
            legs: vec![RouteLeg {
                metres: 270_400,
                seconds: 5 * 3_600,
                hill: false,
                hill_metres: None,
            }],
            metres: 270_400,
            seconds: 5 * 3_600,
            states: vec![StateCode::GJ, StateCode::RJ],
            tolls: vec![TollStop {
                plaza: 7,
                name: "Shamlaji".to_owned(),
                fee: Money::rupees(295),
            }],
            source: RouteSource::Approximate,
        },
        tariff: TariffVersion("india-2026-11".to_owned()),
        factor: BasisPoints::ONE,
        recipient: Recipient::Unregistered,
        discount: None,
        rules: QuoteRules::default(),
    }
}

pub(crate) const V1_PICKUP: &str = "2026-11-20T07:00:00+05:30";

fn issued() -> interstate_eventing::fixture::Story<Quote> {
    given::<Quote>(quote())
        .at(MORNING)
        .when(as_rider(), QuoteCommand::Issue(Box::new(issue(V1_PICKUP))))
        .then_types(&["quote.issued.v1"])
}

/// Delhi to Chennai, 37 hours at the wheel.
fn four_days(pickup_at: &str) -> Issue {
    let mut issue = issue(pickup_at);
    let route = &mut issue.route;
    (route.seconds, route.metres) = (37 * 3_600, 2_200_000);
    (route.legs[0].seconds, route.legs[0].metres) = (37 * 3_600, 2_200_000);
    issue
}

#[test]
fn a_night_at_a_halt_is_no_night_of_driving() {
    let fare = |pickup_at| {
        let told = given::<Quote>(quote())
            .at(MORNING)
            .when(as_rider(), QuoteCommand::Issue(Box::new(four_days(pickup_at))));
        let QuoteEvent::Issued(issued) = &told.decided().events[0] else {
            panic!()
        };
        let minutes = issued.ends_at.duration_since(issued.pickup_at).as_mins();
        (minutes, issued.fare.amount(LineCode::Night))
    };
    // Ten hours a day with a break: 06:00 to 16:30, and three halts of 14 hours with their breaks.
    let (by_day, none) = fare("2026-11-20T06:00:00+05:30");
    assert_eq!((by_day, none), (37 * 60 + 7 * 30 + 3 * 14 * 60, Money::ZERO));
    // From 18:00 on, each of the four is driven at night.
    assert_eq!(
        fare("2026-11-20T18:00:00+05:30"),
        (by_day, Money::rupees(4 * 300))
    );
}

fn accept() -> QuoteCommand {
    QuoteCommand::Accept { method: method() }
}

#[test]
fn a_quote_is_v1_and_can_be_computed_again_from_its_event_alone() {
    let told = given::<Quote>(quote())
        .at(MORNING)
        .when(as_rider(), QuoteCommand::Issue(Box::new(issue(V1_PICKUP))));
    let event = &told.decided().events[0];
    let QuoteEvent::Issued(read_back) = QuoteEvent::decode(event.event_type(), &event.encode()).unwrap()
    else {
        panic!("{event:?}")
    };
    assert_eq!(read_back.fare.payable, Money::inr(469_900));
    assert_eq!(read_back.fare.advance, Money::inr(94_000));
    assert_eq!(read_back.fare.amount(LineCode::Km), Money::inr(378_000));
    assert_eq!(read_back.recomputed(), Some(Ok(read_back.fare.clone())));
    assert_eq!(
        read_back.expires_at,
        "2026-11-19T07:30:00+05:30".parse::<Timestamp>().unwrap()
    );
}

#[test]
fn accepting_books_at_the_quoted_price() {
    let told = issued().when(as_rider(), accept());
    let message = &told.messages()[0];
    assert_eq!(message.to.aggregate, "booking");
    let BookingCommand::Book(order) = serde_json::from_slice(&message.payload).unwrap() else {
        panic!("{message:?}")
    };
    let Order {
        fare,
        rider: who,
        booking,
        ..
    } = *order;
    assert_eq!(message.to.id, booking.to_string());
    assert_eq!((fare.payable, who), (Money::inr(469_900), rider()));
    told.then_types(&["quote.accepted.v1"]);
}

#[test]
fn a_second_acceptance_finds_the_same_booking_and_books_nothing() {
    let first = issued().when(as_rider(), accept());
    let reply = first.decided().reply.clone();
    let second = first.story().when(as_rider(), accept());
    assert_eq!(second.decided().reply, reply);
    assert!(second.messages().is_empty());
    second.then_nothing();
}

#[test]
fn a_second_acceptance_with_another_method_is_told_of_the_first() {
    let method = PaymentMethod::Card {
        token: "pm_card_other".to_owned(),
    };
    issued()
        .when(as_rider(), accept())
        .then_types(&["quote.accepted.v1"])
        .when(as_rider(), QuoteCommand::Accept { method })
        .then_rejected("quote-booked");
}

#[test]
fn after_half_an_hour_the_price_is_gone() {
    let late = issued().at("2026-11-19T07:30:00+05:30");
    let due = late.deadlines();
    assert_eq!(due.len(), 1);
    let expired = late.when_due(&due[0].name).then_types(&["quote.expired.v1"]);
    assert!(expired.deadlines().is_empty());
    expired.when(as_rider(), accept()).then_rejected("quote-expired");
}

#[test]
fn who_accepted_in_time_and_is_decided_late_has_the_price() {
    // The deadline has not fired: it comes behind what stood in the partition when it fell due.
    issued()
        .at("2026-11-19T07:31:00+05:30")
        .when(as_rider(), accept())
        .then_types(&["quote.accepted.v1"]);
}

#[test]
fn a_stranger_finds_no_quote() {
    let stranger = Actor::User {
        id: UserId::derive(0, &[b"ravi"]),
        role: Role::Rider,
    };
    issued().when(stranger, accept()).then_rejected("quote-unknown");
}

#[test]
fn notice_class_and_shape_are_checked() {
    let ask = |issue: Issue| {
        given::<Quote>(quote())
            .at(MORNING)
            .when(as_rider(), QuoteCommand::Issue(Box::new(issue)))
    };
    ask(issue("2026-11-19T09:59:59+05:30")).then_rejected("quote-pickup-too-soon");
    ask(issue("2026-11-19T10:00:00+05:30")).then_types(&["quote.issued.v1"]);
    ask(issue("2027-05-19T07:00:00+05:30")).then_rejected("quote-pickup-too-late");
    let full = Issue {
        passengers: 5,
        ..issue(V1_PICKUP)
    };
    ask(full).then_rejected("quote-class-too-small");
    let round = Issue {
        kind: TripKind::RoundTrip,
        ..issue(V1_PICKUP)
    };
    ask(round).then_rejected("quote-kind-does-not-fit");
    let no_tariff = Issue {
        tariff: TariffVersion("old".to_owned()),
        ..issue(V1_PICKUP)
    };
    ask(no_tariff).then_rejected("quote-tariff-not-on-sale");
    let factor = Issue {
        factor: BasisPoints(30_000),
        ..issue(V1_PICKUP)
    };
    ask(factor).then_rejected("quote-not-priced");
}

#[test]
fn a_state_survives_its_cache() {
    let state = issued().state().clone();
    let bytes = serde_json::to_vec(&state).unwrap();
    assert_eq!(serde_json::from_slice::<Quote>(&bytes).unwrap(), state);
    assert_eq!(Quote::NAME, "quote");
}
