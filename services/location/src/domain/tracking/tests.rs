//! The story of a tracked trip.

use super::*;
use crate::domain::{States, geo::OnTheMap, road::plazas::Plaza, toll_gates::TollGates};
use interstate_eventing::fixture::{Story, given};
use interstate_schemas::{
    Actor, BookingId, GeoPoint, Role, SignedDuration, StateCode, Timestamp, TripId, UserId,
};

fn user(name: &str) -> UserId {
    UserId::derive(1, &[name.as_bytes()])
}

fn person(name: &str, role: Role) -> Actor {
    Actor::User { id: user(name), role }
}

fn service() -> Actor {
    Actor::Service("location".to_owned())
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn trip() -> TripOpened {
    TripOpened {
        booking: BookingId::derive(1, &[b"booking"]),
        rider: user("asha"),
        driver: user("ravi"),
        pickup: GeoPoint::new(23.0225, 72.5714).unwrap(),
        drop: GeoPoint::new(24.5854, 73.7125).unwrap(),
        ends_at: time("2026-11-21T16:00:00Z"),
    }
}

fn opened() -> Story<TripTracking> {
    given(TripId::from(trip().booking))
        .at("2026-11-21T10:00:00Z")
        .events([trip().into()])
}

fn closed(reason: CloseReason) -> TripClosed {
    TripClosed {
        booking: trip().booking,
        reason,
    }
}

fn reach(milestone: Milestone, at: &str) -> TrackingCommand {
    TrackingCommand::Reach {
        milestone,
        at: time(at),
    }
}

#[test]
fn only_its_own_driver_opens_a_trip_and_once_is_enough() {
    let story = given::<TripTracking>(TripId::from(trip().booking)).at("2026-11-21T10:00:00Z");
    let open = || TrackingCommand::Open(Box::new(trip()));
    story
        .when(person("mallory", Role::Driver), open())
        .then_rejected("trip-not-yours")
        .when(person("ravi", Role::Driver), open())
        .then([trip().into()])
        .when(person("ravi", Role::Driver), open())
        .then_nothing();
}

#[test]
fn a_driver_who_takes_over_takes_the_place_of_the_first() {
    let replacement = TripOpened {
        driver: user("meena"),
        ..trip()
    };
    opened()
        .when(
            person("meena", Role::Driver),
            TrackingCommand::Open(Box::new(replacement.clone())),
        )
        .then([replacement.into()]);
}

#[test]
fn a_milestone_is_reached_once_and_nobody_departs_before_arriving() {
    let reached = |milestone, at: &str| {
        TrackingEvent::from(MilestoneReached {
            booking: trip().booking,
            milestone,
            at: time(at),
        })
    };
    opened()
        .when(service(), reach(Milestone::Departed, "2026-11-21T10:01:00Z"))
        .then_nothing()
        .when(
            service(),
            reach(Milestone::ArrivedAtPickup, "2026-11-21T10:02:00Z"),
        )
        .then([reached(Milestone::ArrivedAtPickup, "2026-11-21T10:02:00Z")])
        .when(
            service(),
            reach(Milestone::ArrivedAtPickup, "2026-11-21T10:03:00Z"),
        )
        .then_nothing()
        .when(service(), reach(Milestone::Departed, "2026-11-21T10:09:00Z"))
        .then([reached(Milestone::Departed, "2026-11-21T10:09:00Z")]);
}

#[test]
fn the_way_back_crosses_the_same_border_and_passes_the_same_gate_again() {
    let there = Milestone::BorderCrossed {
        from: StateCode::GJ,
        to: StateCode::RJ,
    };
    let back = Milestone::BorderCrossed {
        from: StateCode::RJ,
        to: StateCode::GJ,
    };
    let gate = Milestone::TollGatePassed { plaza: 7 };
    let reached = &["location.milestone_reached.v1"];
    opened()
        .when(service(), reach(there, "2026-11-21T11:00:00Z"))
        .then_types(reached)
        .when(service(), reach(there, "2026-11-21T11:01:00Z"))
        .then_nothing()
        .when(service(), reach(gate, "2026-11-21T11:02:00Z"))
        .then_types(reached)
        .when(service(), reach(gate, "2026-11-21T11:03:00Z"))
        .then_nothing()
        .when(service(), reach(gate, "2026-11-21T14:00:00Z"))
        .then_types(reached)
        .when(service(), reach(back, "2026-11-21T14:05:00Z"))
        .then_types(reached);
}

#[test]
fn a_rider_cannot_make_a_milestone_nor_close_the_trip() {
    let rider = || person("asha", Role::Rider);
    opened()
        .when(rider(), reach(Milestone::ArrivedAtPickup, "2026-11-21T10:02:00Z"))
        .then_rejected("trip-not-yours")
        .when(rider(), TrackingCommand::Close)
        .then_rejected("trip-not-yours");
}

#[test]
fn after_it_was_closed_nothing_is_reached() {
    opened()
        .when(person("ravi", Role::Driver), TrackingCommand::Close)
        .then([closed(CloseReason::Ended).into()])
        .when(
            service(),
            reach(Milestone::ArrivedAtPickup, "2026-11-21T10:02:00Z"),
        )
        .then_nothing();
}

#[test]
fn a_trip_that_its_driver_closed_and_gave_back_is_opened_by_the_next_and_begins_anew() {
    let replacement = TripOpened {
        driver: user("meena"),
        ..trip()
    };
    let arrive = || reach(Milestone::ArrivedAtPickup, "2026-11-21T10:02:00Z");
    let reached = &["location.milestone_reached.v1"];
    opened()
        .when(service(), arrive())
        .then_types(reached)
        .when(person("ravi", Role::Driver), TrackingCommand::Close)
        .then([closed(CloseReason::Ended).into()])
        .when(
            person("ravi", Role::Driver),
            TrackingCommand::Open(Box::new(replacement.clone())),
        )
        .then_rejected("trip-not-yours")
        .when(
            person("meena", Role::Driver),
            TrackingCommand::Open(Box::new(replacement.clone())),
        )
        .then([replacement.into()])
        .when(service(), arrive())
        .then_types(reached);
}

#[test]
fn a_driver_who_gets_the_trip_again_opens_it_again() {
    opened()
        .when(person("ravi", Role::Driver), TrackingCommand::Close)
        .then([closed(CloseReason::Ended).into()])
        .when(
            person("ravi", Role::Driver),
            TrackingCommand::Open(Box::new(trip())),
        )
        .then([trip().into()]);
}

#[test]
fn a_forgotten_trip_is_closed_six_hours_after_its_planned_end() {
    let story = opened();
    assert_eq!(story.deadlines()[0].due, time("2026-11-21T22:00:00Z"));
    let story = story
        .at("2026-11-21T22:00:00Z")
        .when_due("forget")
        .then([closed(CloseReason::Forgotten).into()]);
    assert!(story.deadlines().is_empty());
    story
        .when(
            person("ravi", Role::Driver),
            TrackingCommand::Open(Box::new(trip())),
        )
        .then_rejected("trip-over");
}

#[test]
fn fixes_on_the_way_from_ahmedabad_to_udaipur_show_the_milestones_in_order() {
    let (states, gates) = (States::embedded().unwrap(), TollGates::embedded().unwrap());
    let ground = Ground {
        states: &states,
        gates: &gates,
    };
    let mut observer = Observer::new(OpenTrip::new(trip(), time("2026-11-21T10:00:00Z")));
    let (pickup, drop) = (trip().pickup, trip().drop);
    let mut seen = Vec::new();
    let mut at = time("2026-11-21T10:00:00Z");
    let mut drive = |observer: &mut Observer, point| {
        at += SignedDuration::from_secs(5);
        let shown = observer.observe(point, at, &ground);
        assert!(
            observer.observe(point, at, &ground).is_empty(),
            "the same fix shows nothing twice"
        );
        seen.extend(shown);
    };
    drive(&mut observer, pickup.offset(900.0, 0.0));
    drive(&mut observer, pickup.offset(100.0, 0.0));
    for step in 0..=2_000 {
        drive(&mut observer, pickup.towards(drop, f64::from(step) / 2_000.0));
    }
    seen.retain(|milestone| !matches!(milestone, Milestone::TollGatePassed { .. }));
    assert_eq!(
        seen,
        [
            Milestone::ArrivedAtPickup,
            Milestone::Departed,
            Milestone::BorderCrossed {
                from: StateCode::GJ,
                to: StateCode::RJ
            },
            Milestone::NearDrop,
        ]
    );
}

#[test]
fn a_round_trip_is_near_its_end_when_it_comes_back() {
    let (states, gates) = (States::embedded().unwrap(), TollGates::embedded().unwrap());
    let ground = Ground {
        states: &states,
        gates: &gates,
    };
    let there_and_back = TripOpened {
        drop: trip().pickup,
        ..trip()
    };
    let mut observer = Observer::new(OpenTrip::new(there_and_back, time("2026-11-21T10:00:00Z")));
    let mut at = time("2026-11-21T10:00:00Z");
    let near: Vec<bool> = [100.0, 900.0, 1_500.0, 10_000.0, 1_500.0, 900.0]
        .into_iter()
        .map(|metres| {
            at += SignedDuration::from_mins(10);
            let shown = observer.observe(trip().pickup.offset(metres, 0.0), at, &ground);
            shown.contains(&Milestone::NearDrop)
        })
        .collect();
    assert_eq!(near, [false, false, false, false, true, false]);
}

#[test]
fn a_gate_is_seen_from_its_lanes_and_not_from_the_next_town() {
    let gates = TollGates::embedded().unwrap();
    let plaza = Plaza::embedded().unwrap().remove(0);
    let point = plaza.point().unwrap();
    assert_eq!(gates.at(point.offset(90.0, 30.0)), Some(plaza.nhai_id));
    let Some(other) = gates.at(point.offset(5_000.0, 0.0)) else {
        return;
    };
    assert_ne!(other, plaza.nhai_id);
}
