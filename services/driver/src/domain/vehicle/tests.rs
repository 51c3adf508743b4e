//! Vehicles and their plates.

use super::*;
use crate::domain::{
    candidates::Fuel,
    documents::{Document, DocumentKind},
};
use interstate_eventing::fixture::given;
use interstate_schemas::*;

fn driver() -> DriverId {
    DriverId::derive(1, &[b"ravi"])
}

fn id(name: &str) -> VehicleId {
    VehicleId::derive(1, &[name.as_bytes()])
}

fn register(seats: u8) -> VehicleCommand {
    VehicleCommand::Register {
        driver: driver(),
        plate: PlateKey {
            hash: "ab12".into(),
            ending: "1234".into(),
        },
        description: Description {
            class: VehicleClass::Sedan,
            seats,
            bags: 2,
            home_state: StateCode::GJ,
            first_registered: "2021-06-01".parse().unwrap(),
            fuel: Fuel::Cng,
        },
        papers: Vec::new(),
    }
}

fn me() -> Actor {
    Actor::User {
        id: UserId::from(driver()),
        role: Role::Driver,
    }
}

fn plate_says(outcome: StepOutcome<()>) -> VehicleCommand {
    VehicleCommand::Step(StepReply {
        step: "claim the plate".into(),
        run: 1,
        outcome,
    })
}

#[test]
fn a_vehicle_is_its_drivers_once_its_plate_is_its_own() {
    let told = given::<Vehicle>(id("sedan"))
        .at("2026-11-20T06:00:00Z")
        .when(me(), register(4));
    let claim = &told.messages()[0];
    assert_eq!(
        (claim.to.aggregate.as_ref(), claim.to.id.as_str()),
        ("plate", "ab12")
    );
    let told = told
        .story()
        .when(Actor::System, plate_says(StepOutcome::Done(())));
    assert_eq!(told.messages()[0].to.id, driver().to_string());
    let story = told.then_types(&["vehicle.admitted.v1"]);
    story
        .when(Actor::System, plate_says(StepOutcome::Done(())))
        .then_nothing();
}

#[test]
fn a_plate_that_is_taken_stops_the_vehicle() {
    let refused = StepOutcome::Refused {
        code: "vehicle-plate-taken".into(),
    };
    let story = given::<Vehicle>(id("sedan"))
        .at("2026-11-20T06:00:00Z")
        .when(me(), register(4))
        .story()
        .when(Actor::System, plate_says(refused))
        .then_types(&["vehicle.refused.v1"]);
    assert_eq!(story.state().status, VehicleStatus::Refused);
}

#[test]
fn no_more_seats_than_the_class_has_and_none_for_another_driver() {
    let other = Actor::User {
        id: UserId::derive(1, &[b"meera"]),
        role: Role::Driver,
    };
    given::<Vehicle>(id("sedan"))
        .at("2026-11-20T06:00:00Z")
        .when(me(), register(5))
        .then_rejected("vehicle-too-large")
        .when(other, register(4))
        .then_rejected("vehicle-not-yours");
}

#[test]
fn of_two_vehicles_one_has_the_plate() {
    let claim = |name: &str| PlateCommand::Claim { vehicle: id(name) };
    given::<Plate>("ab12")
        .when(Actor::System, claim("sedan"))
        .then_types(&["plate.claimed.v1"])
        .when(Actor::System, claim("sedan"))
        .then_nothing()
        .when(Actor::System, claim("other"))
        .then_rejected("vehicle-plate-taken");
}

#[test]
fn support_takes_a_plate_back_that_somebody_else_claimed() {
    let support = Actor::User {
        id: UserId::derive(1, &[b"support"]),
        role: Role::Support,
    };
    let admitted = given::<Vehicle>(id("sedan"))
        .at("2026-11-20T06:00:00Z")
        .when(me(), register(4))
        .story()
        .when(Actor::System, plate_says(StepOutcome::Done(())))
        .story();
    let told = admitted
        .when(me(), VehicleCommand::ReleasePlate)
        .then_rejected("vehicle-not-yours")
        .when(support.clone(), VehicleCommand::ReleasePlate);
    let to: Vec<_> = told
        .messages()
        .iter()
        .map(|message| message.to.id.clone())
        .collect();
    assert_eq!(to, ["ab12".to_owned(), driver().to_string()]);
    let story = told
        .then_types(&["vehicle.plate_released.v1"])
        .when(support, VehicleCommand::ReleasePlate)
        .then_nothing();
    // It may be registered anew; what the plate said the first time counts no more.
    let told = story.when(me(), register(4));
    assert_eq!(told.messages()[0].step.as_ref().map(|step| step.run), Some(2));
    let story = told
        .then_types(&["vehicle.registered.v1"])
        .when(Actor::System, plate_says(StepOutcome::Done(())))
        .then_nothing();
    assert_eq!(story.state().status, VehicleStatus::Pending);
}

#[test]
fn a_plate_that_was_taken_back_is_free_for_another_vehicle() {
    let claim = |name: &str| PlateCommand::Claim { vehicle: id(name) };
    let release = |name: &str| PlateCommand::Release { vehicle: id(name) };
    given::<Plate>("ab12")
        .when(Actor::System, claim("sedan"))
        .then_types(&["plate.claimed.v1"])
        .when(Actor::System, release("other"))
        .then_nothing()
        .when(Actor::System, release("sedan"))
        .then_types(&["plate.released.v1"])
        .when(Actor::System, release("sedan"))
        .then_nothing()
        .when(Actor::System, claim("other"))
        .then_types(&["plate.claimed.v1"]);
}

fn paper(kind: DocumentKind, from: &str, through: &str) -> Document {
    let (from, through) = (from.parse().unwrap(), through.parse().unwrap());
    Document::new(kind, from, through, std::collections::BTreeSet::new()).unwrap()
}

#[test]
fn no_vehicle_comes_from_the_future_and_no_paper_holds_for_ever() {
    let mut tomorrow = register(4);
    let VehicleCommand::Register { description, .. } = &mut tomorrow else {
        panic!()
    };
    description.first_registered = "2026-11-21".parse().unwrap();
    let puc = paper(DocumentKind::Puc, "2026-01-01", "9999-12-31");
    given::<Vehicle>(id("sedan"))
        .at("2026-11-20T06:00:00Z")
        .when(me(), tomorrow)
        .then_rejected("vehicle-registration-date")
        .when(me(), register(4))
        .then_types(&["vehicle.registered.v1"])
        .when(me(), VehicleCommand::AddPaper { paper: puc })
        .then_rejected("document-dates");
}

#[test]
fn papers_of_a_vehicle_are_added_and_renewed_by_its_driver() {
    let at = "2026-11-20T06:00:00Z";
    let missing = |vehicle: &Vehicle| vehicle.missing_papers(at.parse().unwrap());
    let mut story = given::<Vehicle>(id("sedan"))
        .at(at)
        .when(me(), register(4))
        .story();
    assert_eq!(missing(story.state()).len(), 5);
    for kind in DocumentKind::OF_EVERY_VEHICLE {
        let paper = paper(kind, "2026-01-01", "2026-12-31");
        story = story.when(me(), VehicleCommand::AddPaper { paper }).story();
    }
    assert_eq!(missing(story.state()), [DocumentKind::AllIndiaTouristPermit]);
    let permit = paper(DocumentKind::AllIndiaTouristPermit, "2026-01-01", "2026-12-31");
    let story = story
        .when(me(), VehicleCommand::AddPaper { paper: permit })
        .then_types(&["vehicle.paper_added.v1"]);
    assert_eq!(missing(story.state()), []);
    let stranger = Actor::User {
        id: UserId::derive(1, &[b"meera"]),
        role: Role::Driver,
    };
    let renewal = paper(DocumentKind::Puc, "2027-01-01", "2027-12-31");
    story
        .when(stranger, VehicleCommand::AddPaper { paper: renewal })
        .then_rejected("vehicle-not-yours");
}

#[test]
fn fifty_papers_of_a_vehicle_are_kept_and_no_more_come_with_it() {
    let first: jiff::civil::Date = "2026-12-01".parse().unwrap();
    let for_a_day = |days_ahead: i32| {
        let day = first + jiff::Span::new().days(days_ahead);
        Document::new(DocumentKind::Puc, day, day, std::collections::BTreeSet::new()).unwrap()
    };
    let with_papers = |count| {
        let mut command = register(4);
        let VehicleCommand::Register { papers, .. } = &mut command else {
            panic!()
        };
        papers.extend((0..count).map(for_a_day));
        command
    };
    let add = |paper| VehicleCommand::AddPaper { paper };
    let story = given::<Vehicle>(id("sedan"))
        .at("2026-11-20T06:00:00Z")
        .when(me(), with_papers(51))
        .then_rejected("document-too-many")
        .when(me(), with_papers(50))
        .then_types(&["vehicle.registered.v1"])
        .when(me(), add(for_a_day(50)))
        .then_rejected("document-too-many")
        .when(me(), add(paper(DocumentKind::Puc, "2026-12-01", "2027-11-30")))
        .then_types(&["vehicle.paper_added.v1"]);
    assert_eq!(story.state().papers.len(), 1);
}
