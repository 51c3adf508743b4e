//! Papers that lapse, are renewed, and are reminded of.

use super::*;
use jiff::civil::date;

fn licence(from: Date, through: Date) -> Document {
    Document::new(DocumentKind::DrivingLicence, from, through, BTreeSet::new()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_last_day_counts_and_ends_at_midnight_in_india() {
    let licence = licence(date(2026, 1, 1), date(2026, 11, 30));
    assert!(licence.holds_at(at("2026-11-30T23:59:59+05:30")));
    assert!(!licence.holds_at(at("2026-12-01T00:00:00+05:30")));
    assert!(!licence.holds_at(at("2025-12-31T23:59:59+05:30")));
    assert_eq!(licence.lapses(), at("2026-11-30T18:30:00Z"));
}

#[test]
fn a_paper_must_hold_a_day_longer_than_the_trip() {
    let (policy, pickup) = (DocumentPolicy::default(), at("2026-11-29T08:00:00+05:30"));
    let licence = licence(date(2026, 1, 1), date(2026, 11, 30));
    let gap = |end: &str| first_gap([&licence], pickup, policy.needed_until(at(end)));
    assert_eq!(gap("2026-11-29T23:59:59+05:30"), None);
    assert_eq!(gap("2026-11-30T00:00:00+05:30"), Some(licence.lapses()));
}

#[test]
fn a_renewal_in_time_leaves_no_gap_and_one_day_late_leaves_one() {
    let old = licence(date(2021, 12, 1), date(2026, 11, 30));
    let in_time = licence(date(2026, 12, 1), date(2031, 11, 30));
    let late = licence(date(2026, 12, 2), date(2031, 11, 30));
    let (from, until) = (at("2026-11-29T08:00:00+05:30"), at("2026-12-03T08:00:00+05:30"));
    assert_eq!(first_gap([&in_time, &old], from, until), None);
    assert_eq!(first_gap([&late, &old], from, until), Some(old.lapses()));
    assert_eq!(first_gap([], from, until), Some(from));
}

#[test]
fn reminders_come_thirty_fifteen_seven_and_one_day_before() {
    let (policy, licence) = (
        DocumentPolicy::default(),
        licence(date(2026, 1, 1), date(2026, 12, 31)),
    );
    let mut now = at("2026-06-01T00:00:00Z");
    let mut sent = Vec::new();
    while let Some((days, due)) = policy.next_reminder(&licence, now) {
        sent.push((days, due.to_string()));
        now = due;
    }
    let nine_in_india = |day: &str| format!("{day}T03:30:00Z");
    assert_eq!(
        sent,
        [
            (30, nine_in_india("2026-12-01")),
            (15, nine_in_india("2026-12-16")),
            (7, nine_in_india("2026-12-24")),
            (1, nine_in_india("2026-12-30"))
        ]
    );
}

#[test]
fn a_contract_carriage_permit_is_for_its_states_and_a_licence_for_none() {
    let (from, through) = (date(2026, 1, 1), date(2030, 12, 31));
    let kind = DocumentKind::ContractCarriagePermit;
    let permit = Document::new(kind, from, through, [StateCode::GJ, StateCode::RJ].into()).unwrap();
    assert!(permit.permits(StateCode::RJ) && !permit.permits(StateCode::MH));
    assert!(!licence(from, through).permits(StateCode::RJ));
    assert_eq!(
        Document::new(kind, from, through, BTreeSet::new()),
        Err(DocumentError::PermitWithoutStates)
    );
    let backwards = r#"{"kind": "PUC", "valid_from": "2026-02-01", "valid_through": "2026-01-31"}"#;
    let error = serde_json::from_str::<Document>(backwards).unwrap_err();
    assert!(error.to_string().contains("before it begins"), "{error}");
}

#[test]
fn what_a_driver_lacks_is_named() {
    let papers = [licence(date(2026, 1, 1), date(2026, 11, 30))];
    let now = at("2026-11-01T00:00:00Z");
    let lacking = missing_at(&papers, &DocumentKind::OF_EVERY_DRIVER, now);
    assert_eq!(lacking, [DocumentKind::PoliceCheck, DocumentKind::Medical]);
}
