//! What nobody may do, or not yet.

use super::*;

#[test]
fn five_wrong_codes_lock_the_start_for_all_but_support() {
    let mut story = assigned()
        .at("2026-11-20T06:50:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .story();
    let wrong = || start(false);
    for _ in 0..5 {
        story = story
            .when(as_driver(), wrong())
            .then_types(&["booking.code_refused.v1"]);
    }
    let right = || start(true);
    story
        .clone()
        .when(as_driver(), right())
        .then_rejected("booking-code-locked");
    story
        .when(as_support(), right())
        .then_types(&["booking.started.v1"]);
}

#[test]
fn nobody_arrives_long_before_the_time_that_is_reserved() {
    let early = assigned().at("2026-11-20T05:59:59+05:30");
    early
        .clone()
        .when(as_driver(), BookingCommand::Arrive)
        .then_rejected("booking-set-off-later");
    early
        .at("2026-11-20T06:00:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .then_types(&["booking.arrived.v1"]);
}

#[test]
fn more_metres_than_a_cab_drives_are_no_invoice() {
    let end = |metres| {
        BookingCommand::End(TripRecord {
            metres: Some(metres),
            ..TripRecord::default()
        })
    };
    let an_hour_later = on_trip().at("2026-11-20T08:00:00+05:30");
    an_hour_later
        .clone()
        .when(as_driver(), end(182_001))
        .then_rejected("booking-end-does-not-fit");
    let told = an_hour_later.when(as_driver(), end(182_000));
    assert!(said(&told).contains(&"booking.completed.v1"));
}

#[test]
fn everybody_keeps_to_their_own() {
    let stranger = || Actor::User {
        id: UserId::derive(0, &[b"x"]),
        role: Role::Driver,
    };
    assigned()
        .when(stranger(), BookingCommand::Arrive)
        .then_rejected("booking-unknown");
    assigned()
        .when(stranger(), cancel())
        .then_rejected("booking-unknown");
    assigned()
        .when(as_rider(), BookingCommand::Arrive)
        .then_rejected("booking-not-yours");
    assigned()
        .when(as_driver(), cancel())
        .then_rejected("booking-not-yours");
    let paid = BookingCommand::BalancePaid {
        amount: Money::ZERO,
        at: V1_PICKUP.parse().unwrap(),
    };
    on_trip()
        .at("2026-11-20T12:30:00+05:30")
        .when(as_driver(), BookingCommand::End(TripRecord::default()))
        .story()
        .when(as_rider(), paid)
        .then_rejected("booking-not-yours");
    assert!(as_rider().is_user(rider()));
}

#[test]
fn a_repeated_booking_and_late_answers_change_nothing() {
    let story = assigned();
    let again = BookingCommand::Book(order(MORNING, V1_PICKUP));
    let story = story.when(service("booking"), again).then_nothing();
    let story = story.held().then_nothing();
    let story = story.captured().then_nothing();
    story.undone("find a driver").then_nothing();
}

#[test]
fn an_end_that_cannot_be_is_refused() {
    let ends = |record: TripRecord| {
        on_trip()
            .at("2026-11-20T12:30:00+05:30")
            .when(as_driver(), BookingCommand::End(record))
    };
    let future = TripRecord {
        ended_at: Some("2026-11-20T13:30:00+05:30".parse().unwrap()),
        ..TripRecord::default()
    };
    ends(future).then_rejected("booking-end-does-not-fit");
    let too_far = TripRecord {
        metres: Some(u32::MAX),
        ..TripRecord::default()
    };
    ends(too_far).then_rejected("booking-end-does-not-fit");
    let too_dear = TripRecord {
        toll: Some(Money::rupees(2_000_000)),
        ..TripRecord::default()
    };
    ends(too_dear).then_rejected("booking-not-priced");
    let cash = TripRecord {
        cash_collected: Some(Money::rupees(100_000)),
        ..TripRecord::default()
    };
    ends(cash).then_rejected("booking-cash-does-not-fit");
}
