//! Drivers who give a trip back or are taken off it, and who comes after them.

use super::*;

#[test]
fn a_driver_who_gives_the_trip_back_is_replaced() {
    let told = assigned().when(as_driver(), release());
    assert_eq!(
        said(&told),
        ["booking.driver_released.v1", "booking.search_opened.v1"]
    );
    assert_eq!(
        asked(&told),
        [
            "calendar Release",
            "calendar Release",
            "dispatch Withdraw",
            "payment Credit",
            "dispatch Find"
        ]
    );
    let BookingEvent::DriverReleased(released) = &told.decided().events[0] else {
        panic!()
    };
    assert_eq!(released.terms.driver_fine, Money::inr(10_000));
    let credit: PaymentCommand = serde_json::from_slice(&told.messages()[3].payload).unwrap();
    assert_eq!(
        credit,
        PaymentCommand::Credit {
            booking: assigned().state().ordered().booking,
            rider: rider(),
            amount: Money::inr(10_000),
            fined: Some(released.assignment.driver),
            reference: "released-1".to_owned(),
        },
        "the driver's fine is the rider's credit"
    );
    let find = String::from_utf8(told.messages()[4].payload.clone()).unwrap();
    assert!(find.contains("\"search\":2"), "{find}");
    let story = told.story();
    assert_eq!(story.state().stage(), Stage::Confirmed);
    let told = story.found().story().reserved(DRIVER).story().reserved(VEHICLE);
    assert_eq!(said(&told), ["booking.assigned.v1"]);
}

fn suspended(search: u32) -> BookingCommand {
    let driver = assigned().state().assignment().unwrap().driver;
    BookingCommand::DriverUnavailable { driver, search }
}

#[test]
fn whether_a_reason_was_valid_is_not_for_the_driver_to_say() {
    let excused = || BookingCommand::Cancel {
        by: CancelBy::Driver { valid_reason: true },
    };
    for (who, fine) in [(as_driver(), Money::inr(10_000)), (as_support(), Money::ZERO)] {
        let told = assigned().when(who, excused());
        let BookingEvent::DriverReleased(released) = &told.decided().events[0] else {
            panic!()
        };
        assert_eq!(released.terms.driver_fine, fine);
    }
}

#[test]
fn a_suspended_driver_is_replaced_before_the_start_and_owes_nothing() {
    for story in [assigned(), at_the_pickup()] {
        let told = story.when(service("driver"), suspended(1));
        assert_eq!(
            said(&told),
            ["booking.driver_released.v1", "booking.search_opened.v1"]
        );
        assert_eq!(
            asked(&told),
            [
                "calendar Release",
                "calendar Release",
                "dispatch Withdraw",
                "dispatch Find"
            ]
        );
        let BookingEvent::DriverReleased(released) = &told.decided().events[0] else {
            panic!()
        };
        assert_eq!(released.terms.driver_fine, Money::ZERO);
        let story = told.story().when(service("driver"), suspended(1)).then_nothing();
        story
            .when(as_driver(), start(true))
            .then_rejected("booking-unknown");
    }
}

#[test]
fn only_the_driver_who_has_the_booking_can_be_lost_and_no_person_may_say_so() {
    assigned().when(service("driver"), suspended(2)).then_nothing();
    on_trip().when(service("driver"), suspended(1)).then_nothing();
    assigned()
        .when(as_rider(), suspended(1))
        .then_rejected("booking-not-yours");
}

#[test]
fn a_driver_who_is_suspended_while_being_assigned_is_replaced_right_after() {
    let told = driver_reserved().when(service("driver"), suspended(1));
    assert_eq!(said(&told), ["booking.driver_lost.v1"]);
    let story = told.story().when(service("driver"), suspended(1)).then_nothing();
    let told = story.reserved(VEHICLE).story().captured();
    assert_eq!(
        said(&told),
        [
            "booking.advance_captured.v1",
            "booking.confirmed.v1",
            "booking.assigned.v1",
            "booking.driver_released.v1",
            "booking.search_opened.v1"
        ]
    );
    assert_eq!(told.story().state().stage(), Stage::Confirmed);
}

#[test]
fn nobody_takes_a_released_trip_and_the_rider_gets_everything_back() {
    let told = assigned()
        .when(as_driver(), release())
        .story()
        .refused("find a driver", "dispatch.no_driver");
    assert_eq!(said(&told), ["booking.unfulfilled.v1"]);
    assert_eq!(asked(&told), ["payment Credit", "payment Refund"]);
    let BookingEvent::Unfulfilled(unfulfilled) = &told.decided().events[3] else {
        panic!("{:?}", told.decided().events)
    };
    assert_eq!(unfulfilled.terms.refund, Money::inr(94_000));
    assert_eq!(unfulfilled.terms.credit, Money::inr(46_990));
}
