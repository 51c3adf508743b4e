//! A ride that goes well, and what is on its invoice.

use super::*;

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
