//! Trips that are booked days ahead: searched for, and confirmed by their drivers.

use super::*;

#[test]
fn a_later_pickup_is_paid_first_and_the_search_opens_two_days_before() {
    let told = booked(MORNING, LATER);
    assert_eq!(asked(&told), ["payment Capture"]);
    let told = told.story().captured();
    assert_eq!(
        said(&told),
        ["booking.advance_captured.v1", "booking.confirmed.v1"]
    );
    let story = told.story();
    let waits = story.deadlines();
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0].due, "2026-11-26T07:00:00+05:30".parse().unwrap());
    let told = due(story, "the search for a driver opens");
    assert_eq!(said(&told), ["booking.search_opened.v1"]);
    assert_eq!(asked(&told), ["dispatch Find"]);
    let told = told
        .story()
        .found()
        .story()
        .reserved(DRIVER)
        .story()
        .reserved(VEHICLE);
    assert_eq!(said(&told), ["booking.assigned.v1"]);
}

#[test]
fn a_lost_race_for_a_later_pickup_searches_again() {
    let searching = due(
        booked(MORNING, LATER).story().captured().story(),
        "the search for a driver opens",
    );
    let told = searching.story().found().story().refused(DRIVER, "duty.overlap");
    assert_eq!(
        asked(&told),
        ["calendar Release"],
        "the vehicle's may be reserved by now"
    );
    let told = told.story().undone(VEHICLE);
    assert_eq!(asked(&told), ["dispatch Withdraw"]);
    let told = told.story().undone("find a driver");
    assert_eq!(said(&told), ["booking.search_opened.v1"]);
    assert_eq!(asked(&told), ["dispatch Find"]);
}

/// A trip of next week that a driver took two days before it.
fn reserved_for_later() -> Story<Booking> {
    let paid = booked(MORNING, LATER).story().captured().story();
    let opens = Actor::System;
    let due = BookingCommand::Due {
        deadline: "the search for a driver opens".to_owned(),
    };
    let searching = paid.at("2026-11-26T07:00:00+05:30").when(opens, due).story();
    searching
        .found()
        .story()
        .reserved(DRIVER)
        .story()
        .reserved(VEHICLE)
        .story()
}

fn confirmation_is_missing() -> BookingCommand {
    BookingCommand::Due {
        deadline: ladder::CONFIRMATION_MISSING.to_owned(),
    }
}

fn next_due(story: &Story<Booking>) -> Vec<String> {
    let mut deadlines = story.deadlines();
    deadlines.sort_by_key(|deadline| deadline.due);
    let next = deadlines.iter().take(1);
    next.map(|deadline| deadline.due.to_string()).collect()
}

#[test]
fn a_driver_who_took_a_trip_days_ahead_confirms_it_three_times() {
    let story = reserved_for_later();
    assert_eq!(next_due(&story), ["2026-11-27T05:30:00Z"], "twenty hours before");
    let story = story
        .when(as_driver(), BookingCommand::Confirm)
        .then_rejected("booking-confirm-later")
        .at("2026-11-27T07:00:00+05:30")
        .when(as_rider(), BookingCommand::Confirm)
        .then_rejected("booking-not-yours")
        .when(as_driver(), BookingCommand::Confirm)
        .then_types(&["booking.driver_confirmed.v1"]);
    assert_eq!(next_due(&story), ["2026-11-27T20:30:00Z"], "five hours before");
    let story = story
        .at("2026-11-28T01:30:00+05:30")
        .when(as_driver(), BookingCommand::Confirm)
        .then_types(&["booking.driver_confirmed.v1"]);
    assert_eq!(next_due(&story), ["2026-11-28T00:30:00Z"], "one hour before");
    let story = story
        .at("2026-11-28T05:00:00+05:30")
        .when(as_driver(), BookingCommand::Confirm)
        .then_types(&["booking.driver_confirmed.v1"]);
    assert_eq!(
        next_due(&story),
        ["2026-11-28T02:00:00Z"],
        "only to be there in time"
    );
    story.when(as_driver(), BookingCommand::Confirm).then_nothing();
}

#[test]
fn a_trip_that_is_not_confirmed_goes_to_somebody_else_and_costs_the_driver() {
    let told = reserved_for_later()
        .at("2026-11-27T10:59:59+05:30")
        .when(Actor::System, confirmation_is_missing())
        .then_nothing()
        .at("2026-11-27T11:00:00+05:30")
        .when(Actor::System, confirmation_is_missing());
    assert_eq!(
        said(&told),
        ["booking.driver_released.v1", "booking.search_opened.v1"]
    );
    assert!(asked(&told).contains(&"payment Credit".to_owned()));
    let BookingEvent::DriverReleased(released) = &told.decided().events[0] else {
        panic!()
    };
    assert!(released.terms.driver_fine.is_positive());
}

#[test]
fn who_could_not_confirm_while_the_platform_was_away_owes_nothing() {
    let told = reserved_for_later()
        .at("2026-11-27T16:00:00+05:30")
        .when(Actor::System, confirmation_is_missing());
    assert!(!asked(&told).contains(&"payment Credit".to_owned()));
    let BookingEvent::DriverReleased(released) = &told.decided().events[0] else {
        panic!()
    };
    assert_eq!(released.terms.driver_fine, Money::ZERO);
}

#[test]
fn who_takes_a_trip_within_its_last_day_has_just_said_so() {
    let story = booked("2026-11-19T08:00:00+05:30", V1_PICKUP)
        .story()
        .all_goes_well()
        .story();
    assert_eq!(
        next_due(&story),
        ["2026-11-20T02:00:00Z"],
        "only to be there in time"
    );
    story.when(as_driver(), BookingCommand::Confirm).then_nothing();
}

#[test]
fn a_driver_on_the_way_is_paid_when_the_operator_cancels_and_needs_to_confirm_nothing() {
    let early = assigned()
        .at("2026-11-19T07:00:00+05:30")
        .when(as_driver(), BookingCommand::SetOff)
        .then_rejected("booking-set-off-later");
    let leaves = early.state().assignment().unwrap().busy_from;
    let story = early
        .at(&leaves.to_string())
        .when(as_driver(), BookingCommand::SetOff)
        .then_types(&["booking.set_off.v1"]);
    assert_eq!(story.state().stage(), Stage::EnRoute);
    assert_eq!(
        next_due(&story),
        ["2026-11-20T02:30:00Z"],
        "only to be there in time"
    );
    let story = story
        .when(as_driver(), BookingCommand::SetOff)
        .then_nothing()
        .when(as_driver(), start(true))
        .then_rejected("booking-driver-not-there");
    let by = CancelBy::Operator;
    let told = story.clone().when(as_support(), BookingCommand::Cancel { by });
    let BookingEvent::Cancelled(cancelled) = &told.decided().events[0] else {
        panic!()
    };
    assert_eq!(cancelled.terms.driver_gets, Money::rupees(200));
    let there = story.when(as_driver(), BookingCommand::Arrive).story();
    assert_eq!(there.state().stage(), Stage::Arrived);
}
