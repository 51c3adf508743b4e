//! A sedan from Ahmedabad whose driver could take the trip to Udaipur: what the tests of this folder start
//! from.

use super::{CandidateFacts, DispatchPolicy, Fuel, Gender, KeptPromises, TripNeeds, VehicleFit, Whereabouts};
use crate::domain::{
    documents::{Document, DocumentKind},
    duty::{DutyFit, HoursCheck},
    offers::DispatchMode,
};
use interstate_schemas::{DriverId, Money, StateCode, Timestamp, TripKind, VehicleClass, VehicleId};
use jiff::civil::date;
use std::collections::BTreeSet;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn now() -> Timestamp {
    at("2026-11-20T06:30:00+05:30")
}

pub fn policy() -> DispatchPolicy {
    DispatchPolicy::default()
}

/// On demand, Gujarat to Rajasthan, 8:00 to 13:00.
pub fn trip() -> TripNeeds {
    TripNeeds {
        mode: DispatchMode::OnDemand,
        kind: TripKind::OneWay,
        pickup_at: at("2026-11-20T08:00:00+05:30"),
        planned_end: at("2026-11-20T13:00:00+05:30"),
        states: vec![StateCode::GJ, StateCode::RJ],
        classes: vec![VehicleClass::Sedan],
        passengers: 3,
        bags: Some(2),
        hill: Some(true),
        night: true,
        cash: true,
        driver_gender: Some(Gender::Female),
    }
}

pub fn document(kind: DocumentKind, through: &str) -> Document {
    Document::new(kind, date(2020, 1, 1), through.parse().unwrap(), BTreeSet::new()).unwrap()
}

pub fn tourist_permit(through: &str) -> Document {
    document(DocumentKind::AllIndiaTouristPermit, through)
}

pub fn carriage_permit(states: &[StateCode], through: &str) -> Document {
    let states = states.iter().copied().collect();
    let kind = DocumentKind::ContractCarriagePermit;
    Document::new(kind, date(2020, 1, 1), through.parse().unwrap(), states).unwrap()
}

/// The candidate with these permits in place of its own.
pub fn with_permits(mut facts: CandidateFacts<'static>, permits: Vec<Document>) -> CandidateFacts<'static> {
    let papers = facts.vehicle_documents.get_or_insert_default().to_mut();
    papers.retain(|paper| !paper.kind().is_permit());
    papers.extend(permits);
    facts
}

/// Everything is known of her and nothing stands in the way.
pub fn candidate(name: &str) -> CandidateFacts<'static> {
    let of_driver = [
        DocumentKind::DrivingLicence,
        DocumentKind::PsvBadge,
        DocumentKind::PoliceCheck,
        DocumentKind::Medical,
    ];
    let of_vehicle = [
        DocumentKind::Registration,
        DocumentKind::Fitness,
        DocumentKind::Insurance,
        DocumentKind::Puc,
        DocumentKind::AllIndiaTouristPermit,
    ];
    let papers = |kinds: &[DocumentKind]| kinds.iter().map(|&kind| document(kind, "2029-12-31")).collect();
    let kept = HoursCheck::Kept;
    CandidateFacts {
        driver: DriverId::derive(0, &[name.as_bytes()]),
        vehicle: VehicleId::derive(0, &[name.as_bytes()]),
        active: Some(true),
        online: Some(true),
        sanctioned: Some(false),
        driver_documents: Some(papers(&of_driver)),
        vehicle_documents: Some(papers(&of_vehicle)),
        class: Some(VehicleClass::Sedan),
        seats: Some(4),
        bags: Some(2),
        home_state: Some(StateCode::GJ),
        whereabouts: Some(Whereabouts::AtHome),
        first_registered: Some(date(2021, 6, 1)),
        fuel: Some(Fuel::Cng),
        challan_unpaid_days: Some(0),
        unpaid_tolls: Some(0),
        vltd_heard_at: Some(now()),
        driver_duty: Some(DutyFit {
            overlap: None,
            rest: kept,
            day: kept,
            week: kept,
            free_day: kept,
        }),
        vehicle_duty: Some(VehicleFit { overlap: None }),
        fix_at: Some(now()),
        dead_metres: Some(6_000),
        pickup_seconds: Some(900),
        metres_from_home: Some((5_000, 210_000)),
        hill_cleared: Some(true),
        drives_at_night: Some(true),
        balance: Some(Money::ZERO),
        blocks_rider: Some(false),
        blocked_by_rider: Some(false),
        gender: Some(Gender::Female),
        declined_before: Some(false),
        promises: Some(KeptPromises { kept: 45, due: 50 }),
        earned: Some(Money::rupees(9_000)),
        mean_earned_in_class: Some(Money::rupees(10_000)),
        rating_thousandths: Some(4_600),
        corridor_trips: Some(5),
        idle_since: Some(at("2026-11-19T20:00:00+05:30")),
    }
}
