//! Which permit carries a journey, and the rules of the All India Tourist Permit since 1 April 2026.

use super::{
    facts::{CandidateFacts, TripNeeds, Whereabouts},
    filters::Outcome,
    policy::DispatchPolicy,
    verdict::Inputs,
};
use crate::domain::documents::{Document, DocumentKind, first_gap};
use interstate_schemas::{SignedDuration, StateCode, Timestamp};

/// `PERMIT_NOT_VALID_IN`: every state of the journey is one that some permit on file is for.
pub(super) fn valid_in_every_state(facts: &CandidateFacts, needs: &TripNeeds) -> Outcome {
    let Some((papers, states)) = known(facts, needs) else {
        return Outcome::NoInput;
    };
    let mut missing: Vec<_> = states
        .iter()
        .copied()
        .filter(|&state| !papers.iter().any(|paper| paper.permits(state)))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    Outcome::fail_if(!missing.is_empty(), || Inputs::States { states: missing })
}

/// `PERMIT_EXPIRES_IN_TRIP`: for each state that has permits at all, they hold to the end and its margin.
pub(super) fn held_throughout(facts: &CandidateFacts, needs: &TripNeeds, policy: &DispatchPolicy) -> Outcome {
    let Some((papers, states)) = known(facts, needs) else {
        return Outcome::NoInput;
    };
    let needed_until = policy.documents.needed_until(needs.planned_end);
    for &state in states {
        let permits = || papers.iter().filter(move |paper| paper.permits(state));
        let gap = first_gap(permits(), needs.pickup_at, needed_until);
        if let (Some(lapses_at), Some(permit)) = (gap, permits().next()) {
            return Outcome::Fails(Inputs::Document {
                kind: permit.kind(),
                lapses_at,
                needed_until,
            });
        }
    }
    Outcome::Passes
}

/// `AITP_HOME_STATE_NOT_ENDPOINT`: a journey on a tourist permit starts or ends in the home state.
pub(super) fn touches_home(facts: &CandidateFacts, needs: &TripNeeds, policy: &DispatchPolicy) -> Outcome {
    match relies_on_aitp(facts, needs, policy) {
        None => return Outcome::NoInput,
        Some(false) => return Outcome::NotAsked,
        Some(true) => {}
    }
    let (Some(home), [from, .., to] | [from @ to]) = (facts.home_state, needs.states.as_slice()) else {
        return Outcome::NoInput;
    };
    let inputs = || Inputs::Journey {
        home,
        from: *from,
        to: *to,
    };
    Outcome::fail_if(home != *from && home != *to, inputs)
}

/// `AITP_60_DAYS_OUTSIDE`: on a tourist permit a vehicle is back home in time, this journey included.
pub(super) fn home_in_time(
    facts: &CandidateFacts,
    needs: &TripNeeds,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> Outcome {
    match relies_on_aitp(facts, needs, policy) {
        None => return Outcome::NoInput,
        Some(false) => return Outcome::NotAsked,
        Some(true) => {}
    }
    let (Some(home), Some(first)) = (facts.home_state, needs.states.first()) else {
        return Outcome::NoInput;
    };
    let left = match facts.whereabouts {
        // It has to be home to start there, so the days count anew.
        _ if *first == home && needs.states.iter().all(|state| *state == home) => return Outcome::Passes,
        _ if *first == home => needs.pickup_at,
        // Bound for a pickup outside, it leaves no earlier than now.
        Some(Whereabouts::AtHome) => now,
        Some(Whereabouts::Outside { since }) => since,
        None => return Outcome::NoInput,
    };
    let outside = needs.planned_end.duration_since(left);
    let limit = policy.aitp.days_outside;
    let days = SignedDuration::from_hours(24 * i64::from(limit));
    Outcome::fail_if(outside > days, || Inputs::Count {
        limit,
        // A day begun is a day.
        actual: u32::try_from((outside.as_secs() + 86_399) / 86_400).unwrap_or(u32::MAX),
    })
}

/// Whether the journey stands on a tourist permit under the rules in force: the vehicle has one, and its
/// contract-carriage permits do not carry the journey alone.
fn relies_on_aitp(facts: &CandidateFacts, needs: &TripNeeds, policy: &DispatchPolicy) -> Option<bool> {
    let (papers, states) = known(facts, needs)?;
    if needs.pickup_at < policy.aitp.in_force_from {
        return Some(false);
    }
    let needed_until = policy.documents.needed_until(needs.planned_end);
    let carried_otherwise = |&state: &StateCode| {
        let permits = papers
            .iter()
            .filter(|paper| paper.kind() == DocumentKind::ContractCarriagePermit && paper.permits(state));
        first_gap(permits, needs.pickup_at, needed_until).is_none()
    };
    let has_aitp = papers
        .iter()
        .any(|paper| paper.kind() == DocumentKind::AllIndiaTouristPermit);
    Some(has_aitp && !states.iter().all(carried_otherwise))
}

/// The vehicle's papers and the states of the journey, where both are known.
fn known<'a>(facts: &'a CandidateFacts, needs: &'a TripNeeds) -> Option<(&'a [Document], &'a [StateCode])> {
    let papers = facts.vehicle_documents.as_deref()?;
    (!needs.states.is_empty()).then_some((papers, needs.states.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::super::{
        evaluate,
        fixtures::{at, candidate, carriage_permit, now, policy, tourist_permit, trip, with_permits},
        verdict::{FilterCode, Verdict},
    };
    use super::*;
    use StateCode::{DL, GJ, MH, RJ};

    fn verdict(facts: &CandidateFacts, states: &[StateCode]) -> Verdict {
        evaluate(
            facts,
            &TripNeeds {
                states: states.to_vec(),
                ..trip()
            },
            &policy(),
            now(),
        )
    }

    fn codes(facts: &CandidateFacts, states: &[StateCode]) -> Vec<FilterCode> {
        verdict(facts, states)
            .failures
            .into_iter()
            .map(|failure| failure.code)
            .collect()
    }

    #[test]
    fn a_maharashtra_cab_on_a_tourist_permit_may_not_drive_delhi_to_jaipur() {
        let mut facts = with_permits(candidate("asha"), vec![tourist_permit("2029-12-31")]);
        facts.home_state = Some(MH);
        facts.whereabouts = Some(Whereabouts::Outside {
            since: at("2026-11-10T00:00:00Z"),
        });
        let verdict = verdict(&facts, &[DL, StateCode::HR, RJ]);
        assert_eq!(
            verdict.first_failure(),
            Some(FilterCode::AitpHomeStateNotEndpoint)
        );
        assert_eq!(
            verdict.failures[0].inputs,
            Inputs::Journey {
                home: MH,
                from: DL,
                to: RJ
            }
        );

        assert_eq!(codes(&facts, &[DL, RJ, GJ, MH]), [], "on its way home it may");
        assert_eq!(codes(&facts, &[MH, GJ, RJ]), [], "from home it may");
    }

    #[test]
    fn before_april_2026_it_might_have() {
        let mut facts = with_permits(candidate("asha"), vec![tourist_permit("2029-12-31")]);
        facts.home_state = Some(MH);
        let needs = TripNeeds {
            states: vec![DL, RJ],
            pickup_at: at("2026-03-31T20:00:00+05:30"),
            planned_end: at("2026-04-01T03:00:00+05:30"),
            ..trip()
        };
        let now = at("2026-03-31T18:00:00+05:30");
        let verdict = evaluate(&facts, &needs, &policy(), now);
        assert!(
            verdict
                .failures
                .iter()
                .all(|failure| failure.code != FilterCode::AitpHomeStateNotEndpoint)
        );
    }

    #[test]
    fn sixty_days_away_from_home_are_the_limit() {
        let mut facts = with_permits(candidate("asha"), vec![tourist_permit("2029-12-31")]);
        let end = trip().planned_end;
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        facts.whereabouts = Some(Whereabouts::Outside {
            since: end - days(60),
        });
        assert_eq!(codes(&facts, &[RJ, GJ]), []);
        facts.whereabouts = Some(Whereabouts::Outside {
            since: end - days(60) - SignedDuration::from_secs(1),
        });
        let late = verdict(&facts, &[RJ, GJ]);
        assert_eq!(late.first_failure(), Some(FilterCode::Aitp60DaysOutside));
        assert_eq!(
            late.failures[0].inputs,
            Inputs::Count {
                limit: 60,
                actual: 61
            }
        );
        assert_eq!(codes(&facts, &[GJ, RJ]), [], "from home the days count anew");

        facts.whereabouts = None;
        assert!(
            verdict(&facts, &[RJ, GJ])
                .not_evaluated
                .contains(&FilterCode::Aitp60DaysOutside)
        );
    }

    #[test]
    fn a_contract_carriage_permit_carries_its_states_and_no_other() {
        let mut facts = with_permits(candidate("asha"), vec![carriage_permit(&[GJ, RJ], "2029-12-31")]);
        facts.home_state = Some(MH);
        assert_eq!(
            codes(&facts, &[GJ, RJ]),
            [],
            "the tourist permit's rules are not asked"
        );
        let verdict = verdict(&facts, &[RJ, DL, StateCode::HR, DL]);
        assert_eq!(verdict.first_failure(), Some(FilterCode::PermitNotValidIn));
        assert_eq!(
            verdict.failures[0].inputs,
            Inputs::States {
                states: vec![DL, StateCode::HR]
            }
        );
    }

    #[test]
    fn a_permit_that_lapses_the_day_after_is_no_permit() {
        let facts = with_permits(candidate("asha"), vec![tourist_permit("2026-11-20")]);
        let verdict = verdict(&facts, &[GJ, RJ]);
        assert_eq!(verdict.first_failure(), Some(FilterCode::PermitExpiresInTrip));
        let none = with_permits(candidate("asha"), vec![]);
        assert_eq!(codes(&none, &[GJ]), [FilterCode::PermitNotValidIn]);
    }
}
