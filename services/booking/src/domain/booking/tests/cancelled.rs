//! Riders who cancel, at every stage.

use super::*;

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
    let told = reserved()
        .at("2026-11-20T03:00:00+05:30")
        .when(as_rider(), cancel());
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
    let arrived = at_the_pickup().at(V1_PICKUP);
    let cancelled = arrived.clone().when(as_rider(), cancel()).story();
    cancelled
        .when(as_driver(), start(true))
        .then_rejected("booking-cancelled");
    let started = arrived.when(as_driver(), start(true)).story();
    started
        .when(as_rider(), cancel())
        .then_rejected("booking-under-way");
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
