//! Calendars asked in every order.

use super::*;
use crate::domain::duty::{DutyPlan, DutyState, Holder, Interval};
use interstate_eventing::fixture::{Story, given};
use interstate_schemas::*;

fn owner() -> CalendarOwner {
    CalendarOwner::Driver(DriverId::derive(1, &[b"ravi"]))
}

fn booking(name: &str) -> BookingId {
    BookingId::derive(1, &[name.as_bytes()])
}

fn at(hour: i64) -> Timestamp {
    let midnight: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_hours(hour)
}

fn reserve(name: &str, search: u32, from: i64) -> CalendarRequest {
    let (from, to) = (at(from), at(from + 16));
    let (booking, ends_at) = (booking(name), to - SignedDuration::from_hours(10));
    CalendarRequest::Reserve {
        owner: owner(),
        booking,
        search,
        from,
        to,
        pickup_at: from,
        ends_at,
    }
}

fn hold(name: &str, search: u32, from: i64) -> CalendarRequest {
    let interval = |hours| Interval::new(at(from), at(from + hours)).unwrap();
    let plan = DutyPlan {
        on_duty: interval(6),
        reserved: interval(16),
        driving_minutes: Some(300),
    };
    CalendarRequest::Hold {
        owner: owner(),
        booking: booking(name),
        search,
        plan,
        expires_at: at(1),
    }
}

fn release(name: &str, search: u32) -> CalendarRequest {
    CalendarRequest::Release {
        owner: owner(),
        booking: booking(name),
        search,
    }
}

fn saga() -> Actor {
    Actor::Service("booking".into())
}

fn empty() -> Story<Calendar> {
    let to = Address {
        service: "booking".into(),
        aggregate: "booking".into(),
        id: "b".into(),
    };
    given::<Calendar>(owner())
        .at("2026-11-20T00:00:00Z")
        .for_step(StepRef {
            to,
            step: "reserve".into(),
            run: 1,
        })
}

#[test]
fn a_hold_becomes_the_reservation_of_the_same_search_and_keeps_its_driving_time() {
    let story = empty()
        .when(saga(), hold("a", 1, 8))
        .then_types(&["calendar.time_held.v1"])
        .when(saga(), reserve("a", 1, 8))
        .then_types(&["calendar.reserved.v1"]);
    let duty = story.state().duties().of(Holder::Booking(booking("a"))).unwrap();
    assert_eq!(
        (duty.state, duty.driving_minutes),
        (DutyState::Reserved, Some(300))
    );
    assert_eq!(story.deadlines(), []);
}

#[test]
fn a_repeated_reservation_answers_again_and_changes_nothing() {
    let told = empty()
        .when(saga(), reserve("a", 1, 8))
        .story()
        .when(saga(), reserve("a", 1, 8));
    assert_eq!(told.messages().len(), 1);
    told.then_nothing();
}

#[test]
fn two_bookings_never_have_the_same_hour() {
    empty()
        .when(saga(), hold("a", 1, 8))
        .story()
        .when(saga(), reserve("b", 1, 20))
        .then_rejected("duty.overlap")
        .when(saga(), reserve("b", 1, 24))
        .then_types(&["calendar.reserved.v1"]);
}

#[test]
fn a_release_that_comes_first_stops_the_reservation_and_not_the_next_attempt() {
    empty()
        .when(saga(), release("a", 1))
        .then_types(&["calendar.released.v1"])
        .when(saga(), reserve("a", 1, 8))
        .then_rejected("duty.released")
        .when(saga(), reserve("a", 2, 8))
        .then_types(&["calendar.reserved.v1"])
        .when(saga(), release("a", 1))
        .then_nothing();
}

#[test]
fn a_hold_that_nobody_reserves_expires() {
    let story = empty().when(saga(), hold("a", 1, 8)).story();
    assert_eq!(story.deadlines()[0].due, at(1));
    let story = story
        .at("2026-11-20T01:00:00Z")
        .when_due("hold_expires")
        .then_types(&["calendar.holds_expired.v1"]);
    assert!(story.state().duties().duties().is_empty());
}

#[test]
fn after_the_trip_the_driver_is_free_when_the_rest_is_over() {
    let close = CalendarRequest::Close {
        booking: booking("a"),
        search: 1,
        ended_at: at(12),
    };
    let story = empty()
        .when(saga(), reserve("a", 1, 8))
        .story()
        .when(
            saga(),
            CalendarRequest::Start {
                booking: booking("a"),
                search: 1,
            },
        )
        .then_types(&["calendar.started.v1"])
        .when(saga(), close.clone())
        .then_types(&["calendar.closed.v1"])
        .when(saga(), close)
        .then_nothing();
    story
        .clone()
        .when(saga(), reserve("b", 1, 21))
        .then_rejected("duty.overlap");
    story
        .when(saga(), reserve("b", 1, 22))
        .then_types(&["calendar.reserved.v1"]);
}

#[test]
fn after_a_one_way_trip_the_way_home_stays_taken() {
    let until = |hour| Interval::new(at(8), at(hour)).unwrap();
    // Six hours of trip, six hours home and ten of rest.
    let plan = DutyPlan {
        on_duty: until(14),
        reserved: until(30),
        driving_minutes: Some(300),
    };
    let hold = CalendarRequest::Hold {
        owner: owner(),
        booking: booking("a"),
        search: 1,
        plan,
        expires_at: at(1),
    };
    let reserve_it = CalendarRequest::Reserve {
        owner: owner(),
        booking: booking("a"),
        search: 1,
        from: at(8),
        to: at(30),
        pickup_at: at(9),
        ends_at: at(14),
    };
    let close = CalendarRequest::Close {
        booking: booking("a"),
        search: 1,
        ended_at: at(13),
    };
    let story = empty()
        .when(saga(), hold)
        .story()
        .when(saga(), reserve_it)
        .story()
        .when(saga(), close.clone())
        .then_types(&["calendar.closed.v1"])
        .when(saga(), close)
        .then_nothing();
    story
        .clone()
        .when(saga(), reserve("b", 1, 28))
        .then_rejected("duty.overlap");
    story
        .when(saga(), reserve("b", 1, 29))
        .then_types(&["calendar.reserved.v1"]);
}

fn suspend() -> CalendarRequest {
    let driver = DriverId::derive(1, &[b"ravi"]);
    CalendarRequest::Suspend { driver }
}

fn reinstate() -> CalendarRequest {
    let driver = DriverId::derive(1, &[b"ravi"]);
    CalendarRequest::Reinstate { driver }
}

#[test]
fn a_suspended_driver_gets_no_trip_until_reinstated() {
    let story = empty()
        .when(saga(), hold("a", 1, 8))
        .story()
        .when(saga(), suspend())
        .then_types(&["calendar.suspended.v1"])
        .when(saga(), hold("b", 1, 40))
        .then_rejected("duty.driver_suspended")
        .when(saga(), reserve("a", 1, 8))
        .then_rejected("duty.driver_suspended")
        .when(saga(), suspend())
        .then_nothing();
    story
        .when(saga(), reinstate())
        .then_types(&["calendar.reinstated.v1"])
        .when(saga(), reinstate())
        .then_nothing()
        .when(saga(), reserve("a", 1, 8))
        .then_types(&["calendar.reserved.v1"]);
}

#[test]
fn bookings_whose_trip_has_not_begun_hear_that_their_driver_is_suspended() {
    let start = CalendarRequest::Start {
        booking: booking("under way"),
        search: 1,
    };
    let told = empty()
        .when(saga(), reserve("under way", 1, 8))
        .story()
        .when(saga(), start)
        .story()
        .when(saga(), reserve("tomorrow", 2, 30))
        .story()
        .when(saga(), suspend());
    let heard: Vec<_> = told
        .messages()
        .iter()
        .map(|message| {
            let lost: BookingMessage = serde_json::from_slice(&message.payload).unwrap();
            (message.to.id.clone(), lost)
        })
        .collect();
    let driver = DriverId::derive(1, &[b"ravi"]);
    let lost = BookingMessage::DriverUnavailable { driver, search: 2 };
    assert_eq!(heard, [(booking("tomorrow").to_string(), lost)]);
}

#[test]
fn trips_that_their_driver_cannot_drive_are_given_away_and_new_ones_still_come() {
    let driver = DriverId::derive(1, &[b"ravi"]);
    let told = empty()
        .when(saga(), reserve("tomorrow", 2, 30))
        .story()
        .when(saga(), CalendarRequest::GiveAway { driver });
    assert_eq!(told.messages().len(), 1);
    assert_eq!(told.messages()[0].to.id, booking("tomorrow").to_string());
    told.then_nothing()
        .when(saga(), reserve("next week", 1, 100))
        .then_types(&["calendar.reserved.v1"]);
}

#[test]
fn who_ends_so_late_that_there_is_no_rest_loses_the_next_trip() {
    // The first is planned to end at 14 and has the time to 24, where the second begins.
    let ended = |hour, minute| {
        let start = CalendarRequest::Start {
            booking: booking("a"),
            search: 1,
        };
        let close = CalendarRequest::Close {
            booking: booking("a"),
            search: 1,
            ended_at: at(hour) + SignedDuration::from_mins(minute),
        };
        let told = empty()
            .when(saga(), reserve("a", 1, 8))
            .story()
            .when(saga(), reserve("b", 4, 24))
            .story()
            .when(saga(), start)
            .story()
            .when(saga(), close);
        let heard = told.messages().iter().map(|message| {
            let lost: BookingMessage = serde_json::from_slice(&message.payload).unwrap();
            (message.to.id.clone(), lost)
        });
        heard.collect::<Vec<_>>()
    };
    let driver = DriverId::derive(1, &[b"ravi"]);
    let lost = BookingMessage::DriverUnavailable { driver, search: 4 };
    assert_eq!(ended(14, 0), []);
    assert_eq!(ended(14, 30), [], "half an hour is no delay");
    assert_eq!(ended(20, 0), [(booking("b").to_string(), lost)]);
}

#[test]
fn the_published_commands_are_understood() {
    let command = CalendarCommand::Release {
        owner: owner(),
        booking: booking("a"),
        search: 3,
    };
    let text = serde_json::to_string(&command).unwrap();
    assert_eq!(
        serde_json::from_str::<CalendarRequest>(&text).unwrap(),
        release("a", 3)
    );
}

#[test]
fn nobody_changes_a_calendar_by_hand() {
    let id = UserId::derive(1, &[b"ravi"]);
    let driver = Actor::User {
        id,
        role: Role::Driver,
    };
    empty()
        .when(driver, release("a", 1))
        .then_rejected("duty.not_yours");
}
