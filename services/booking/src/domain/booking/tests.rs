//! A booking's story, and the ways in which it goes wrong.

use super::{story::*, *};
use crate::domain::{
    cancellation::RiderReason,
    fare::LineCode,
    quote::tests::{MORNING, V1_PICKUP, as_rider, rider},
};
use interstate_eventing::{
    DomainEvent,
    fixture::{Story, Told},
};
use interstate_schemas::{Actor, Money, PaymentCommand, Role, UserId};

const DRIVER: &str = "reserve the driver's calendar";
const VEHICLE: &str = "reserve the vehicle's calendar";
const LATER: &str = "2026-11-28T07:00:00+05:30";

fn near() -> Story<Booking> {
    booked(MORNING, V1_PICKUP).story()
}

fn assigned() -> Story<Booking> {
    near().all_goes_well().story()
}

fn on_trip() -> Story<Booking> {
    assigned()
        .at("2026-11-20T06:50:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .story()
        .at(V1_PICKUP)
        .when(as_driver(), start(true))
        .story()
}

fn start(code_matches: bool) -> BookingCommand {
    BookingCommand::Start {
        code_matches,
        given: None,
    }
}

fn cancel() -> BookingCommand {
    BookingCommand::Cancel {
        by: CancelBy::Rider {
            reason: RiderReason::ChangedPlans,
        },
    }
}

fn release() -> BookingCommand {
    BookingCommand::Cancel {
        by: CancelBy::Driver { valid_reason: false },
    }
}

/// Types of the business events, without the sagas' own.
fn said(told: &Told<Booking>) -> Vec<&'static str> {
    let events = told.decided().events.iter();
    let technical = ["booking.saga_moved.v1", "booking.plan_chosen.v1"];
    events
        .map(DomainEvent::event_type)
        .filter(|name| !technical.contains(name))
        .collect()
}

fn due(story: Story<Booking>, name: &str) -> Told<Booking> {
    let deadline = story
        .deadlines()
        .into_iter()
        .find(|deadline| deadline.name == name);
    let deadline = deadline.unwrap_or_else(|| panic!("no deadline {name} in {:?}", story.deadlines()));
    story.at(&deadline.due.to_string()).when_due(name)
}

#[test]
fn a_near_pickup_takes_no_money_before_a_driver_is_sure() {
    let told = booked(MORNING, V1_PICKUP);
    assert_eq!(said(&told), ["booking.requested.v1", "booking.search_opened.v1"]);
    assert_eq!(asked(&told), ["payment Hold"]);
    let told = told.story().held();
    assert_eq!(asked(&told), ["dispatch Find"]);
    let told = told.story().found();
    assert_eq!(said(&told), ["booking.driver_found.v1"]);
    assert_eq!(asked(&told), ["calendar Reserve", "calendar Reserve"]);
    let told = told.story().reserved(VEHICLE);
    assert_eq!(asked(&told), [""; 0], "the driver's calendar has not answered");
    let told = told.story().reserved(DRIVER);
    assert_eq!(asked(&told), ["payment Capture"]);
    let told = told.story().captured();
    assert_eq!(
        said(&told),
        [
            "booking.advance_captured.v1",
            "booking.confirmed.v1",
            "booking.assigned.v1"
        ]
    );
    let story = told.story();
    assert_eq!(story.state().stage(), Stage::Assigned);
    let assigned = story.state().assignment.as_ref().unwrap();
    assert_eq!(
        assigned.card.as_deref(),
        Some(&card()),
        "the rider knows whom to look for"
    );
}

#[test]
fn from_the_pickup_to_the_paid_invoice() {
    let story = on_trip();
    assert_eq!(story.state().stage(), Stage::OnTrip);
    let told = story
        .at("2026-11-20T12:30:00+05:30")
        .when(as_driver(), BookingCommand::End(TripRecord::default()));
    assert_eq!(said(&told), ["booking.trip_ended.v1", "booking.completed.v1"]);
    assert_eq!(
        asked(&told),
        ["payment Settle", "calendar Close", "calendar Close"]
    );
    let BookingEvent::Completed(completed) = told.decided().events.last().unwrap() else {
        panic!()
    };
    assert_eq!(completed.invoice.payable, Money::inr(469_900));
    assert_eq!(completed.invoice.balance, Money::inr(375_900));
    assert_eq!(completed.settlement.driver_due, Money::inr(380_146));
    let paid = BookingCommand::BalancePaid {
        amount: Money::inr(375_900),
        at: "2026-11-20T07:05:00Z".parse().unwrap(),
    };
    let closed = told
        .story()
        .when(service("payment"), paid.clone())
        .then_types(&["booking.closed.v1"]);
    assert_eq!(closed.state().stage(), Stage::Closed);
    closed.when(service("payment"), paid).then_nothing();
}

#[test]
fn each_difference_from_the_quote_names_its_event_and_they_sum_to_the_whole() {
    let record = TripRecord {
        metres: Some(291_000),
        toll: Some(Money::rupees(330)),
        parking: Some(Money::rupees(60)),
        ..TripRecord::default()
    };
    let told = assigned()
        .at("2026-11-20T06:50:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .story()
        .at("2026-11-20T07:50:00+05:30")
        .when(as_driver(), start(true))
        .story()
        .at("2026-11-20T13:30:00+05:30")
        .when(as_driver(), BookingCommand::End(record));
    let mut delta = Money::ZERO;
    let mut lines = Vec::new();
    let mut invoice = None;
    for event in &told.decided().events {
        match event {
            BookingEvent::FareDiffered(differed) => {
                delta += differed.difference.delta();
                lines.push((differed.difference.line, differed.because.as_str()));
            }
            BookingEvent::Completed(completed) => invoice = Some(completed.invoice.clone()),
            _ => {}
        }
    }
    assert_eq!(delta, invoice.unwrap().payable - Money::inr(469_900));
    for (line, event) in [
        (LineCode::ExtraKm, "booking.trip_ended.v1"),
        // Fifty minutes after the agreed time, thirty of them free: not from the early arrival.
        (LineCode::Waiting, "booking.started.v1"),
        (LineCode::Toll, "booking.trip_ended.v1"),
        (LineCode::Parking, "booking.trip_ended.v1"),
    ] {
        assert!(lines.contains(&(line, event)), "{line} in {lines:?}");
    }
}

#[test]
fn a_trip_that_nobody_measured_was_driven_as_planned_and_until_its_end() {
    let nights = |ended_at: &str| {
        let told = on_trip()
            .at(ended_at)
            .when(as_driver(), BookingCommand::End(TripRecord::default()));
        let BookingEvent::Completed(completed) = told.decided().events.last().unwrap() else {
            panic!()
        };
        completed.invoice.amount(LineCode::Night)
    };
    assert_eq!(nights("2026-11-20T11:00:00+05:30"), Money::ZERO);
    assert_eq!(nights("2026-11-20T23:00:00+05:30"), Money::rupees(300));
    assert_eq!(
        nights("2026-11-21T09:00:00+05:30"),
        Money::ZERO,
        "a halt overnight"
    );
}

#[test]
fn waiting_counts_from_the_agreed_time_and_not_from_an_early_arrival() {
    let told = assigned()
        .at("2026-11-20T06:00:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .story()
        .at("2026-11-20T07:20:00+05:30")
        .when(as_driver(), start(true));
    let BookingEvent::Started(started) = &told.decided().events[0] else {
        panic!()
    };
    assert_eq!(started.waited_minutes, 20);
}

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
    let told = near()
        .held()
        .story()
        .found()
        .story()
        .reserved(DRIVER)
        .story()
        .refused(VEHICLE, "duty.overlap");
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
    let mut story = near()
        .held()
        .story()
        .found()
        .story()
        .reserved(DRIVER)
        .story()
        .reserved(VEHICLE)
        .story();
    story = story
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
fn a_rider_who_cancels_before_the_pivot_pays_nothing_and_everything_unwinds() {
    let told = near().held().story().when(as_rider(), cancel());
    assert_eq!(said(&told), ["booking.cancelled.v1"]);
    assert_eq!(asked(&told), ["dispatch Withdraw"]);
    let story = told.story();
    // The driver's acceptance was under way: it loses.
    let told = story.found();
    assert!(said(&told).is_empty());
    let told = told.story().undone("find a driver");
    assert_eq!(asked(&told), ["payment Void"]);
    let story = told.story().undone("hold the advance").story();
    assert_eq!(story.state().stage(), Stage::Cancelled);
    assert!(story.deadlines().is_empty());
    story
        .when(as_rider(), cancel())
        .then_rejected("booking-cancelled");
}

#[test]
fn a_cancellation_past_the_pivot_waits_for_the_capture_and_gives_back_the_rest() {
    let story = near()
        .held()
        .story()
        .found()
        .story()
        .reserved(DRIVER)
        .story()
        .reserved(VEHICLE)
        .story();
    let told = story.at("2026-11-20T03:00:00+05:30").when(as_rider(), cancel());
    assert_eq!(said(&told), ["booking.cancelled.v1"]);
    assert!(told.messages().is_empty(), "the capture is under way");
    let told = told.story().captured();
    assert_eq!(said(&told), ["booking.advance_captured.v1"]);
    assert_eq!(asked(&told), ["calendar Release"]);
    assert_eq!(told.story().state().stage(), Stage::Cancelled);
}

#[test]
fn a_cancellation_four_hours_before_keeps_the_fee_and_frees_both_calendars() {
    let told = assigned()
        .at("2026-11-20T03:00:00+05:30")
        .when(as_rider(), cancel());
    let BookingEvent::Cancelled(cancelled) = &told.decided().events[0] else {
        panic!()
    };
    assert_eq!(
        (cancelled.terms.fee, cancelled.terms.refund),
        (Money::inr(10_000), Money::inr(84_000))
    );
    assert_eq!(asked(&told), ["calendar Release"]);
    let told = told.story().undone("release the driver's calendar");
    assert_eq!(asked(&told), ["calendar Release"]);
    let told = told.story().undone("release the vehicle's calendar");
    assert_eq!(asked(&told), ["dispatch Withdraw"]);
    let told = told.story().undone("withdraw the search");
    assert_eq!(asked(&told), ["payment Refund"]);
    let refund = String::from_utf8(told.messages()[0].payload.clone()).unwrap();
    assert!(refund.contains("84000") && refund.contains("10000"), "{refund}");
    // Four fifths of the fee are the driver's.
    let PaymentCommand::Refund { compensation, .. } = serde_json::from_str(&refund).unwrap() else {
        panic!("{refund}")
    };
    let gets = compensation.map(|gets| (gets.driver, gets.amount));
    let story = told.story();
    let driver = story.state().assignment().unwrap().driver;
    assert_eq!(gets, Some((driver, Money::inr(8_000))));
    let told = story.undone("give back what is left of the advance");
    assert!(told.story().deadlines().is_empty());
}

#[test]
fn giving_back_never_ends_without_success() {
    let told = assigned().when(as_rider(), cancel());
    let told = told
        .story()
        .refused("release the driver's calendar", "duty.unknown");
    assert_eq!(
        said(&told),
        ["booking.undoing_stalled.v1", "booking.support_case_opened.v1"]
    );
    let told = due(told.story(), "giving back is tried again");
    assert_eq!(asked(&told), ["calendar Release"]);
    let told = told
        .story()
        .refused("release the driver's calendar", "duty.unknown");
    assert_eq!(said(&told), ["booking.undoing_stalled.v1"], "one case is enough");
}

#[test]
fn asking_what_a_cancellation_costs_changes_nothing() {
    let by = CancelBy::Rider {
        reason: RiderReason::ChangedPlans,
    };
    let told = assigned()
        .at("2026-11-20T03:00:00+05:30")
        .when(as_rider(), BookingCommand::PreviewCancel { by });
    let terms: crate::domain::cancellation::CancellationTerms =
        serde_json::from_slice(&told.decided().reply).unwrap();
    assert_eq!(terms.fee, Money::inr(10_000));
    told.then_nothing();
}

#[test]
fn cancel_and_start_race_and_the_loser_hears_why() {
    let arrived = assigned()
        .at(V1_PICKUP)
        .when(as_driver(), BookingCommand::Arrive)
        .story();
    let start = || start(true);
    let cancelled = arrived.clone().when(as_rider(), cancel()).story();
    cancelled
        .when(as_driver(), start())
        .then_rejected("booking-cancelled");
    let started = arrived.when(as_driver(), start()).story();
    started
        .when(as_rider(), cancel())
        .then_rejected("booking-under-way");
}

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
fn a_suspended_driver_is_replaced_before_the_start_and_owes_nothing() {
    let at_the_pickup = assigned()
        .at("2026-11-20T06:50:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .story();
    for story in [assigned(), at_the_pickup] {
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
    let told = near()
        .held()
        .story()
        .found()
        .story()
        .reserved(DRIVER)
        .story()
        .when(service("driver"), suspended(1));
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

#[test]
fn a_late_capture_of_a_lapsed_booking_is_given_back_whole() {
    let told = due(booked(MORNING, LATER).story(), "saga: capture the advance");
    assert_eq!(asked(&told), ["payment Refund"]);
    let story = told.story().captured().then_nothing();
    let told = story.undone("capture the advance");
    assert_eq!(said(&told), ["booking.lapsed.v1"]);
}

#[test]
fn a_rider_who_cancels_while_a_driver_is_sought_gets_the_advance_back() {
    let searching = due(
        booked(MORNING, LATER).story().captured().story(),
        "the search for a driver opens",
    );
    let told = searching.story().when(as_rider(), cancel());
    assert_eq!(asked(&told), ["dispatch Withdraw"]);
    let told = told.story().undone("find a driver");
    assert_eq!(asked(&told), ["payment Refund"]);
    let story = told
        .story()
        .undone("give back what is left of the advance")
        .story();
    assert_eq!(story.state().stage(), Stage::Cancelled);
    assert!(story.deadlines().is_empty());
}

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
fn a_rider_counts_as_not_come_after_thirty_minutes_from_the_agreed_time() {
    let no_show = || BookingCommand::Cancel {
        by: CancelBy::RiderNoShow,
    };
    let arrived = assigned()
        .at("2026-11-20T06:30:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .story();
    let early = arrived.at("2026-11-20T07:29:00+05:30");
    early
        .clone()
        .when(as_driver(), no_show())
        .then_rejected("booking-wait-longer");
    let told = early.at("2026-11-20T07:30:00+05:30").when(as_driver(), no_show());
    assert_eq!(said(&told), ["booking.cancelled.v1"]);
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

#[test]
fn the_tables_draw_themselves_with_their_pivot() {
    assert!(
        NEAR.mermaid()
            .contains("reserve the vehicle's calendar<br/>(pivot)")
    );
    for plan in Plan::ALL {
        let names: std::collections::BTreeSet<_> = plan.saga().steps.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), plan.saga().steps.len(), "{}", plan.saga().name);
    }
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
