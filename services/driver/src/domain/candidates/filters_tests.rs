//! Who could take the trip to Udaipur, and who could not and why.

use super::super::{
    AgeLimit, Fuel, Gender, VehicleFit,
    fixtures::{at, candidate, document, now, policy, trip},
};
use super::*;
use crate::domain::duty::{Claim, Interval, Overlap};
use interstate_schemas::{BookingId, DriverId, Money, VehicleClass, VehicleId};

fn codes(facts: &CandidateFacts) -> Vec<FilterCode> {
    let verdict = evaluate(facts, &trip(), &policy(), now());
    verdict.failures.into_iter().map(|failure| failure.code).collect()
}

fn overlap() -> Overlap {
    Overlap {
        with: Claim::booking(BookingId::derive(0, &[b"other"]), 1),
        held: Interval::new(trip().pickup_at, trip().planned_end).unwrap(),
    }
}

#[test]
fn a_driver_of_whom_all_is_known_and_nothing_is_wrong_passes_every_filter() {
    let verdict = evaluate(&candidate("asha"), &trip(), &policy(), now());
    assert_eq!(verdict, Verdict::default());
    assert!(verdict.passes());
}

/// One change to the good candidate, and the one filter that must notice it.
#[test]
fn each_filter_fails_alone_on_its_own_fact() {
    use FilterCode as Code;
    let papers_until = |kind, through: &str| {
        let mut papers = candidate("asha").vehicle_documents.unwrap().into_owned();
        papers.retain(|paper| paper.kind() != kind);
        papers.push(document(kind, through));
        Some(papers.into())
    };
    let drivers_until = |kind, through: &str| {
        let mut papers = candidate("asha").driver_documents.unwrap().into_owned();
        papers.retain(|paper| paper.kind() != kind);
        papers.push(document(kind, through));
        Some(papers.into())
    };
    let broken = HoursCheck::Broken {
        actual: 700,
        limit: 600,
    };
    let changes: Vec<(Code, Box<dyn Fn(&mut CandidateFacts)>)> = vec![
        (
            Code::DriverNotActive,
            Box::new(|facts| facts.active = Some(false)),
        ),
        (Code::DriverOffline, Box::new(|facts| facts.online = Some(false))),
        (
            Code::ClassMismatch,
            Box::new(|facts| facts.class = Some(VehicleClass::Suv)),
        ),
        (Code::SeatsShort, Box::new(|facts| facts.seats = Some(2))),
        (Code::LuggageShort, Box::new(|facts| facts.bags = Some(1))),
        (
            Code::LicenceExpiresInTrip,
            Box::new(move |facts| {
                facts.driver_documents = drivers_until(DocumentKind::DrivingLicence, "2026-11-20");
            }),
        ),
        (
            Code::PoliceCheckExpiresInTrip,
            Box::new(move |facts| {
                facts.driver_documents = drivers_until(DocumentKind::PoliceCheck, "2026-11-20");
            }),
        ),
        (
            Code::MedicalExpiresInTrip,
            Box::new(move |facts| {
                facts.driver_documents = drivers_until(DocumentKind::Medical, "2026-11-20");
            }),
        ),
        (
            Code::RegistrationExpiresInTrip,
            Box::new(move |facts| {
                facts.vehicle_documents = papers_until(DocumentKind::Registration, "2026-11-20");
            }),
        ),
        (
            Code::FitnessExpiresInTrip,
            Box::new(move |facts| {
                facts.vehicle_documents = papers_until(DocumentKind::Fitness, "2026-11-20");
            }),
        ),
        (
            Code::InsuranceExpiresInTrip,
            Box::new(move |facts| {
                facts.vehicle_documents = papers_until(DocumentKind::Insurance, "2026-11-20");
            }),
        ),
        (
            Code::PucExpiresInTrip,
            Box::new(move |facts| facts.vehicle_documents = papers_until(DocumentKind::Puc, "2026-11-20")),
        ),
        (
            Code::PermitExpiresInTrip,
            Box::new(move |facts| {
                facts.vehicle_documents = papers_until(DocumentKind::AllIndiaTouristPermit, "2026-11-20");
            }),
        ),
        (
            Code::AitpHomeStateNotEndpoint,
            Box::new(|facts| facts.home_state = Some(StateCode::MH)),
        ),
        (
            Code::ChallanOverdue,
            Box::new(|facts| facts.challan_unpaid_days = Some(46)),
        ),
        (Code::UnpaidToll, Box::new(|facts| facts.unpaid_tolls = Some(1))),
        (
            Code::VehicleTooOld,
            Box::new(|facts| facts.first_registered = Some("2011-11-20".parse().unwrap())),
        ),
        (
            Code::VltdSilent,
            Box::new(|facts| facts.vltd_heard_at = Some(at("2026-11-18T00:00:00Z"))),
        ),
        (
            Code::DutyOverlap,
            Box::new(|facts| {
                facts.vehicle_duty = Some(VehicleFit {
                    overlap: Some(overlap()),
                })
            }),
        ),
        (
            Code::RestShort,
            Box::new(move |facts| facts.driver_duty.as_mut().unwrap().rest = broken),
        ),
        (
            Code::RestShort,
            Box::new(move |facts| facts.driver_duty.as_mut().unwrap().free_day = broken),
        ),
        (
            Code::DayHoursExceeded,
            Box::new(move |facts| facts.driver_duty.as_mut().unwrap().day = broken),
        ),
        (
            Code::WeekHoursExceeded,
            Box::new(move |facts| facts.driver_duty.as_mut().unwrap().week = broken),
        ),
        (
            Code::PickupUnreachable,
            Box::new(|facts| facts.pickup_seconds = Some(100 * 60 + 1)),
        ),
        (
            Code::HillNotCleared,
            Box::new(|facts| facts.hill_cleared = Some(false)),
        ),
        (
            Code::NightOptOut,
            Box::new(|facts| facts.drives_at_night = Some(false)),
        ),
        (
            Code::CashLimit,
            Box::new(|facts| facts.balance = Some(Money::rupees(-2_000))),
        ),
        (
            Code::RiderBlocked,
            Box::new(|facts| facts.blocks_rider = Some(true)),
        ),
        (
            Code::DriverBlocked,
            Box::new(|facts| facts.blocked_by_rider = Some(true)),
        ),
        (
            Code::GenderPreference,
            Box::new(|facts| facts.gender = Some(Gender::Male)),
        ),
        (Code::Sanction, Box::new(|facts| facts.sanctioned = Some(true))),
        (
            Code::OfferDeclinedBefore,
            Box::new(|facts| facts.declined_before = Some(true)),
        ),
        (
            Code::StaleFix,
            Box::new(|facts| facts.fix_at = Some(at("2026-11-20T06:19:59+05:30"))),
        ),
    ];
    for (code, change) in &changes {
        let mut facts = candidate("asha");
        change(&mut facts);
        assert_eq!(codes(&facts), [*code]);
    }
    let tried: std::collections::BTreeSet<_> = changes.iter().map(|(code, _)| *code).collect();
    let elsewhere = [Code::PermitNotValidIn, Code::Aitp60DaysOutside];
    assert_eq!(
        tried.len() + elsewhere.len(),
        Code::ALL.len(),
        "a filter is not tried"
    );
}

#[test]
fn the_limits_themselves_are_still_good() {
    let mut facts = candidate("asha");
    facts.pickup_seconds = Some(100 * 60);
    facts.challan_unpaid_days = Some(45);
    facts.fix_at = Some(at("2026-11-20T06:20:00+05:30"));
    facts.balance = Some(Money::inr(-199_999));
    let last_day = |&kind: &DocumentKind| document(kind, "2026-11-21");
    facts.driver_documents = Some(DocumentKind::OF_EVERY_DRIVER.iter().map(last_day).collect());
    assert_eq!(codes(&facts), []);
}

#[test]
fn all_that_stands_in_the_way_is_kept_and_the_first_is_the_reason() {
    let mut facts = candidate("asha");
    facts.sanctioned = Some(true);
    facts.active = Some(false);
    facts.seats = Some(2);
    let verdict = evaluate(&facts, &trip(), &policy(), now());
    assert_eq!(verdict.first_failure(), Some(FilterCode::DriverNotActive));
    assert_eq!(
        codes(&facts),
        [
            FilterCode::DriverNotActive,
            FilterCode::SeatsShort,
            FilterCode::Sanction
        ]
    );
    assert_eq!(verdict.failures[1].inputs, Inputs::Count { limit: 3, actual: 2 });
}

#[test]
fn of_a_stranger_every_filter_is_listed_as_not_evaluated_and_none_passes_silently() {
    let stranger = CandidateFacts::unknown(
        DriverId::derive(0, &[b"stranger"]),
        VehicleId::derive(0, &[b"stranger"]),
    );
    let verdict = evaluate(&stranger, &trip(), &policy(), now());
    assert!(verdict.failures.is_empty());
    assert_eq!(verdict.not_evaluated, FilterCode::ALL);
}

#[test]
fn a_trip_tomorrow_by_day_on_the_plain_paid_by_card_asks_less() {
    let needs = TripNeeds {
        mode: DispatchMode::Reserved,
        hill: Some(false),
        night: false,
        cash: false,
        driver_gender: None,
        ..trip()
    };
    let facts = CandidateFacts {
        online: Some(false),
        fix_at: None,
        hill_cleared: Some(false),
        drives_at_night: Some(false),
        balance: Some(Money::rupees(-5_000)),
        gender: None,
        ..candidate("asha")
    };
    assert_eq!(evaluate(&facts, &needs, &policy(), now()), Verdict::default());
}

#[test]
fn one_calendar_that_nobody_looked_into_is_not_a_free_one() {
    let mut facts = candidate("asha");
    facts.vehicle_duty = None;
    let verdict = evaluate(&facts, &trip(), &policy(), now());
    assert_eq!(verdict.not_evaluated, [FilterCode::DutyOverlap]);
    facts.driver_duty.as_mut().unwrap().overlap = Some(overlap());
    assert_eq!(codes(&facts), [FilterCode::DutyOverlap]);
}

#[test]
fn a_diesel_of_eleven_years_may_go_to_jaipur_and_not_to_delhi() {
    let to = |states: &[StateCode], fuel| {
        let facts = CandidateFacts {
            first_registered: Some("2015-06-01".parse().unwrap()),
            fuel,
            ..candidate("asha")
        };
        let needs = TripNeeds {
            states: states.to_vec(),
            ..trip()
        };
        evaluate(&facts, &needs, &policy(), now())
    };
    let (jaipur, delhi) = (
        [StateCode::GJ, StateCode::RJ],
        [StateCode::GJ, StateCode::RJ, StateCode::DL],
    );
    assert!(to(&jaipur, Some(Fuel::Diesel)).passes());
    assert!(to(&delhi, Some(Fuel::Cng)).passes());
    let refused = to(&delhi, Some(Fuel::Diesel));
    assert!(
        matches!(
            refused.failures[0].inputs,
            Inputs::Age {
                state: StateCode::DL,
                limit_years: 10,
                ..
            }
        ),
        "{refused:?}"
    );
    assert_eq!(to(&delhi, None).not_evaluated, [FilterCode::VehicleTooOld]);
    assert_eq!(to(&jaipur, None).not_evaluated, []);
    let stricter = DispatchPolicy {
        age_limits: vec![AgeLimit {
            state: Some(StateCode::RJ),
            fuel: None,
            years: 8,
        }],
        ..policy()
    };
    let facts = CandidateFacts {
        first_registered: Some("2015-06-01".parse().unwrap()),
        ..candidate("asha")
    };
    assert!(!evaluate(&facts, &trip(), &stricter, now()).passes());
}
