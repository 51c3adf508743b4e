//! Steps that fail: what was done is undone, or asked for until it is done.

use super::*;

#[test]
fn a_declined_hold_lapses_the_booking() {
    let told = near().refused("hold the advance", "payment.declined");
    assert_eq!(said(&told), ["booking.lapsed.v1"]);
    assert!(told.messages().is_empty(), "nothing was held, nothing is voided");
}

#[test]
fn a_rider_who_does_not_pay_in_fifteen_minutes_lets_it_lapse() {
    let told = due(near(), "saga: hold the advance");
    assert_eq!(asked(&told), ["payment Void"]);
    let told = told.story().undone("hold the advance");
    assert_eq!(said(&told), ["booking.lapsed.v1"]);
}

#[test]
fn without_a_driver_the_hold_is_voided() {
    let told = near()
        .held()
        .story()
        .refused("find a driver", "dispatch.no_driver");
    assert_eq!(asked(&told), ["payment Void"]);
    let told = told.story().undone("hold the advance");
    assert_eq!(said(&told), ["booking.unfulfilled.v1"]);
    let BookingEvent::Unfulfilled(unfulfilled) = &told.decided().events.last().unwrap() else {
        panic!()
    };
    assert_eq!(unfulfilled.because, "dispatch.no_driver");
    assert!(told.story().deadlines().is_empty());
}

#[test]
fn a_full_calendar_unwinds_everything_in_reverse() {
    let told = driver_reserved().refused(VEHICLE, "duty.overlap");
    assert_eq!(asked(&told), ["calendar Release"]);
    let told = told.story().undone(DRIVER);
    assert_eq!(asked(&told), ["dispatch Withdraw"]);
    let told = told.story().undone("find a driver");
    assert_eq!(asked(&told), ["payment Void"]);
    let told = told.story().undone("hold the advance");
    assert_eq!(said(&told), ["booking.unfulfilled.v1"]);
}

#[test]
fn a_silent_dispatch_does_not_hold_the_booking_for_ever() {
    let told = due(near().held().story(), "the search for a driver is over");
    assert_eq!(asked(&told), ["dispatch Withdraw"]);
}

#[test]
fn past_the_pivot_a_refused_capture_is_asked_again_and_then_a_person_is_called() {
    let mut story = reserved()
        .refused("capture the advance", "payment.hold_lapsed")
        .then_nothing();
    for attempt in 1..=10 {
        let told = due(story, "saga: capture the advance");
        assert_eq!(asked(&told), ["payment Capture"]);
        let opened = said(&told).contains(&"booking.support_case_opened.v1");
        assert_eq!(opened, attempt == 10, "attempt {attempt}");
        story = told.story();
    }
    let story = story.captured().story();
    assert_eq!(story.state().stage(), Stage::Assigned);
    // That case is over: whoever is silent later is a new one.
    let arrived = story
        .at(V1_PICKUP)
        .when(as_driver(), BookingCommand::Arrive)
        .story();
    let names: Vec<String> = arrived
        .deadlines()
        .iter()
        .map(|due| due.name.to_string())
        .collect();
    assert_eq!(names, ["nobody says how the trip goes on"]);
}

#[test]
fn a_compensation_that_keeps_failing_opens_one_support_case_and_goes_on() {
    let mut story = near()
        .held()
        .story()
        .refused("find a driver", "dispatch.no_driver")
        .story();
    let mut cases = 0;
    for _ in 0..6 {
        let told = due(story, "saga: hold the advance");
        assert_eq!(asked(&told), ["payment Void"]);
        cases += said(&told)
            .iter()
            .filter(|name| **name == "booking.support_case_opened.v1")
            .count();
        story = told.story();
    }
    assert_eq!(cases, 1);
    assert_eq!(
        story.undone("hold the advance").story().state().stage(),
        Stage::Unfulfilled
    );
}

#[test]
fn a_late_capture_of_a_lapsed_booking_is_given_back_whole() {
    let told = due(booked(MORNING, LATER).story(), "saga: capture the advance");
    assert_eq!(asked(&told), ["payment Refund"]);
    let story = told.story().captured().then_nothing();
    let told = story.undone("capture the advance");
    assert_eq!(said(&told), ["booking.lapsed.v1"]);
}
