//! From a draft to trips, and off the road again.

use super::*;
use crate::domain::{
    calendar::CalendarRequest,
    documents::{Document, DocumentKind},
};
use interstate_eventing::fixture::{Story, Told, given};
use interstate_schemas::{Actor, CalendarOwner, DriverId, DriverMessage, Role, StateCode, UserId, VehicleId};
use std::collections::BTreeSet;

fn id() -> DriverId {
    DriverId::derive(1, &[b"ravi"])
}

fn me() -> Actor {
    Actor::User {
        id: UserId::from(id()),
        role: Role::Driver,
    }
}

fn support() -> Actor {
    Actor::User {
        id: UserId::derive(1, &[b"support"]),
        role: Role::Support,
    }
}

fn vehicle() -> VehicleId {
    VehicleId::derive(1, &[b"sedan"])
}

fn paper(kind: DocumentKind, through: &str) -> Document {
    Document::new(
        kind,
        "2020-01-01".parse().unwrap(),
        through.parse().unwrap(),
        BTreeSet::new(),
    )
    .unwrap()
}

fn add(kind: DocumentKind, through: &str) -> DriverCommand {
    DriverCommand::AddDocument {
        document: paper(kind, through),
    }
}

fn registered() -> Story<Driver> {
    let profile = Profile {
        home_state: StateCode::GJ,
        drives_at_night: true,
        hill_roads: false,
    };
    given::<Driver>(id())
        .at("2026-11-20T06:00:00Z")
        .when(me(), DriverCommand::Register { profile, name: None })
        .then_types(&["driver.registered.v1"])
}

fn online() -> Story<Driver> {
    registered()
        .when(me(), add(DocumentKind::DrivingLicence, "2026-12-31"))
        .story()
        .when(me(), add(DocumentKind::PoliceCheck, "2027-12-31"))
        .story()
        .when(me(), add(DocumentKind::Medical, "2027-12-31"))
        .story()
        .when(
            Actor::Service("driver".into()),
            DriverCommand::LinkVehicle { vehicle: vehicle() },
        )
        .story()
        .when(me(), DriverCommand::Submit)
        .then_types(&["driver.submitted.v1"])
        .when(support(), DriverCommand::Approve)
        .then_types(&["driver.approved.v1"])
        .when(me(), DriverCommand::GoOnline { vehicle: None })
        .then([WentOnline {
            driver: id(),
            vehicle: vehicle(),
        }
        .into()])
}

#[test]
fn a_driver_with_papers_and_a_vehicle_is_admitted_and_takes_trips() {
    assert_eq!(online().state().online, Some(vehicle()));
}

#[test]
fn nothing_goes_on_without_papers_or_without_a_vehicle() {
    registered()
        .when(me(), DriverCommand::Submit)
        .then_rejected("driver-papers-missing")
        .when(me(), add(DocumentKind::Insurance, "2027-12-31"))
        .then_rejected("document-wrong-kind")
        .when(me(), DriverCommand::GoOnline { vehicle: None })
        .then_rejected("driver-not-now");
}

#[test]
fn drivers_do_not_admit_themselves_and_nobody_drives_for_another() {
    let other = Actor::User {
        id: UserId::derive(1, &[b"meera"]),
        role: Role::Driver,
    };
    online()
        .when(me(), DriverCommand::Approve)
        .then_rejected("driver-not-yours")
        .when(other, DriverCommand::GoOffline)
        .then_rejected("driver-not-yours")
        .when(me(), DriverCommand::LinkVehicle { vehicle: vehicle() })
        .then_rejected("driver-not-yours");
}

#[test]
fn a_licence_is_reminded_of_and_its_end_takes_the_driver_off_the_road() {
    let story = online();
    assert_eq!(story.deadlines()[0].due.to_string(), "2026-12-01T03:30:00Z");
    let reminder = Reminder {
        kind: DocumentKind::DrivingLicence,
        days: 30,
    };
    let story = story
        .at("2026-12-01T03:30:00Z")
        .when_due("papers")
        .then([PapersReviewed {
            driver: id(),
            reminders: vec![reminder],
            lapsed: Vec::new(),
        }
        .into()]);
    // Nobody ran for a month: the end is what counts, not the reminders that were missed.
    let told = story.at("2026-12-31T18:30:00Z").when_due("papers");
    // Nothing is reserved beyond a paper's end; should a trip be, somebody else drives it.
    let away = CalendarRequest::GiveAway { driver: id() };
    assert_eq!(
        told.messages()[0].payload,
        interstate_eventing::encode_json(&away)
    );
    told.then([
        PapersReviewed {
            driver: id(),
            reminders: Vec::new(),
            lapsed: vec![DocumentKind::DrivingLicence],
        }
        .into(),
        WentOffline {
            driver: id(),
            reason: OfflineReason::PaperLapsed,
        }
        .into(),
    ]);
}

#[test]
fn a_renewal_in_time_keeps_the_driver_on_the_road() {
    let story = online()
        .when(me(), add(DocumentKind::DrivingLicence, "2031-12-31"))
        .then_types(&["driver.document_added.v1"]);
    assert_eq!(story.deadlines()[0].due.to_string(), "2027-12-01T03:30:00Z");
}

#[test]
fn a_licence_for_ten_thousand_years_is_a_slip() {
    let mut story = registered();
    for (from, through) in [("-009999-01-01", "2030-12-31"), ("2020-01-01", "9999-12-31")] {
        let (from, through) = (from.parse().unwrap(), through.parse().unwrap());
        let kind = DocumentKind::DrivingLicence;
        let document = Document::new(kind, from, through, BTreeSet::new()).unwrap();
        story = story
            .when(me(), DriverCommand::AddDocument { document })
            .then_rejected("document-dates");
    }
}

#[test]
fn a_suspension_and_its_end_are_told_to_the_drivers_calendar() {
    let suspend = DriverCommand::Suspend {
        reason: "complaint".into(),
        until: None,
    };
    let asked = |told: &interstate_eventing::fixture::Told<Driver>| -> Vec<(String, CalendarRequest)> {
        let told = told.messages().iter();
        told.map(|message| {
            let request = serde_json::from_slice(&message.payload).unwrap();
            (message.to.id.clone(), request)
        })
        .collect()
    };
    let told = online().when(support(), suspend);
    let calendar = id().to_string();
    let suspended = CalendarRequest::Suspend { driver: id() };
    assert_eq!(asked(&told), [(calendar.clone(), suspended)]);
    let told = told.story().when(support(), DriverCommand::Reinstate);
    let reinstated = CalendarRequest::Reinstate { driver: id() };
    assert_eq!(asked(&told), [(calendar, reinstated)]);
}

#[test]
fn a_suspension_ends_by_itself_and_the_driver_comes_back_when_they_like() {
    let until = Some("2026-11-27T06:00:00Z".parse().unwrap());
    let story = online()
        .when(
            support(),
            DriverCommand::Suspend {
                reason: "complaint".into(),
                until,
            },
        )
        .then_types(&["driver.suspended.v1", "driver.went_offline.v1"])
        .when(me(), DriverCommand::GoOnline { vehicle: None })
        .then_rejected("driver-not-now")
        .at("2026-11-27T06:00:00Z")
        .when_due("suspension_ends")
        .then_types(&["driver.reinstated.v1"]);
    assert_eq!(
        (story.state().status, story.state().online),
        (DriverStatus::Approved, None)
    );
}

#[test]
fn a_vehicle_whose_plate_was_taken_back_is_driven_no_more() {
    let gone = DriverCommand::UnlinkVehicle { vehicle: vehicle() };
    let told = online()
        .when(me(), gone.clone())
        .then_rejected("driver-not-yours")
        .when(Actor::Service("driver".into()), gone.clone());
    let away = CalendarRequest::GiveAway { driver: id() };
    let asked = |told: &Told<Driver>| -> Vec<String> {
        let messages = told.messages().iter();
        let asked =
            messages.inspect(|message| assert_eq!(message.payload, interstate_eventing::encode_json(&away)));
        asked.map(|message| message.to.id.clone()).collect()
    };
    let owners =
        [CalendarOwner::Vehicle(vehicle()), CalendarOwner::Driver(id())].map(|owner| owner.to_string());
    assert_eq!(
        asked(&told),
        owners,
        "of the vehicle, and without another one of the driver"
    );
    let another = DriverCommand::LinkVehicle {
        vehicle: VehicleId::derive(1, &[b"another"]),
    };
    let told_with_another = online()
        .when(Actor::Service("driver".into()), another)
        .story()
        .when(Actor::Service("driver".into()), gone.clone());
    assert_eq!(asked(&told_with_another), owners[..1]);
    let story = told.then_types(&["driver.vehicle_unlinked.v1", "driver.went_offline.v1"]);
    story
        .when(Actor::Service("driver".into()), gone)
        .then_nothing()
        .when(me(), DriverCommand::GoOnline { vehicle: None })
        .then_rejected("driver-no-vehicle");
}

/// A police check that holds for one day, so many days ahead.
fn for_a_day(days_ahead: i32) -> DriverCommand {
    let first: jiff::civil::Date = "2026-12-01".parse().unwrap();
    let day = first + jiff::Span::new().days(days_ahead);
    let document = Document::new(DocumentKind::PoliceCheck, day, day, BTreeSet::new()).unwrap();
    DriverCommand::AddDocument { document }
}

#[test]
fn fifty_papers_are_kept_and_one_that_replaces_another_is_always_taken() {
    let mut story = registered();
    for day in 0..50 {
        story = story
            .when(me(), for_a_day(day))
            .then_types(&["driver.document_added.v1"]);
    }
    let story = story
        .when(me(), for_a_day(50))
        .then_rejected("document-too-many")
        .when(me(), for_a_day(7))
        .then_nothing()
        .when(me(), add(DocumentKind::Medical, "2027-12-31"))
        .then_rejected("document-too-many")
        .when(me(), add(DocumentKind::PoliceCheck, "2027-12-31"))
        .then_types(&["driver.document_added.v1"]);
    assert_eq!(story.state().documents.len(), 1);
}

#[test]
fn a_paper_is_kept_until_it_has_lapsed_even_if_its_renewal_is_there() {
    let renewal = |from: &str, through: &str| {
        let (from, through) = (from.parse().unwrap(), through.parse().unwrap());
        let kind = DocumentKind::DrivingLicence;
        let document = Document::new(kind, from, through, BTreeSet::new()).unwrap();
        DriverCommand::AddDocument { document }
    };
    let story = registered()
        .when(me(), add(DocumentKind::DrivingLicence, "2026-12-31"))
        .story()
        .when(me(), renewal("2027-01-01", "2031-12-31"))
        .story();
    assert_eq!(story.state().documents.len(), 2);
    let story = story
        .at("2031-06-01T06:00:00Z")
        .when(me(), renewal("2032-01-01", "2036-12-31"))
        .story();
    let left: Vec<_> = story
        .state()
        .documents
        .iter()
        .map(Document::valid_through)
        .collect();
    let (second, third) = ("2031-12-31".parse().unwrap(), "2036-12-31".parse().unwrap());
    assert_eq!(
        left,
        [second, third],
        "the first has lapsed, and others hold longer"
    );
}

#[test]
fn a_vehicle_that_is_entered_before_its_driver_gives_its_plate_back() {
    let link = DriverCommand::LinkVehicle { vehicle: vehicle() };
    let told = given::<Driver>(id()).when(Actor::Service("driver".into()), link);
    let release = crate::domain::vehicle::VehicleCommand::ReleasePlate;
    let message = &told.messages()[0];
    assert_eq!(message.to.id, vehicle().to_string());
    assert_eq!(message.payload, interstate_eventing::encode_json(&release));
    told.then_nothing();
}

#[test]
fn an_eleventh_vehicle_gives_its_plate_back() {
    let link = |n: u8| {
        let vehicle = VehicleId::derive(1, &[&[n]]);
        (vehicle, DriverCommand::LinkVehicle { vehicle })
    };
    let service = || Actor::Service("driver".into());
    let mut story = registered();
    for n in 0..10 {
        story = story
            .when(service(), link(n).1)
            .then_types(&["driver.vehicle_linked.v1"]);
    }
    let (eleventh, command) = link(10);
    let told = story.when(service(), command);
    let message = &told.messages()[0];
    assert_eq!(
        (message.to.aggregate.as_ref(), &message.to.id),
        ("vehicle", &eleventh.to_string())
    );
    assert_eq!(
        message.payload,
        interstate_eventing::encode_json(&crate::domain::vehicle::VehicleCommand::ReleasePlate)
    );
    let story = told.story();
    assert_eq!(story.state().vehicles.len(), 10);
    // One that is theirs already stays theirs.
    story.when(service(), link(3).1).then_nothing();
}

#[test]
fn whoever_is_no_driver_any_more_is_off_the_road_for_good() {
    let user = Actor::Service("user".into());
    let wire = serde_json::to_value(DriverMessage::Retire {
        reason: "account_erased".to_owned(),
    });
    let retire: DriverCommand = serde_json::from_value(wire.unwrap()).unwrap();
    let suspended = ["driver.suspended.v1", "driver.went_offline.v1"];
    let retired = online().when(user.clone(), retire.clone()).then_types(&suspended);
    assert_eq!(retired.state().online, None);
    assert!(
        retired
            .deadlines()
            .iter()
            .all(|deadline| deadline.name == "papers"),
        "nothing ends it"
    );
    retired
        .when(me(), DriverCommand::GoOnline { vehicle: None })
        .then_rejected("driver-not-now")
        .when(user.clone(), retire.clone())
        .then_nothing();

    let for_a_day = DriverCommand::Suspend {
        reason: "complaint".to_owned(),
        until: Some("2026-11-30T00:00:00Z".parse().unwrap()),
    };
    let for_good = online()
        .when(support(), for_a_day)
        .story()
        .when(user.clone(), retire.clone())
        .then_types(&["driver.suspended.v1"]);
    assert!(
        for_good
            .deadlines()
            .iter()
            .all(|deadline| deadline.name == "papers")
    );

    registered().when(user, retire.clone()).then_nothing();
    online().when(me(), retire).then_rejected("driver-not-yours");
}
