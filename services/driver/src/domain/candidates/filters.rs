//! The filters: whether a driver with a vehicle could take a trip. Every filter is applied, so that a record
//! shows all that stood in the way and not only what was met first.

use super::{
    facts::{CandidateFacts, TripNeeds},
    permits,
    policy::DispatchPolicy,
    verdict::{Failure, FilterCode, Inputs, Verdict},
};
use crate::domain::{
    documents::{Document, DocumentKind, first_gap, midnight},
    duty::HoursCheck,
    offers::DispatchMode,
};
use interstate_schemas::{SignedDuration, StateCode, Timestamp};

/// What one filter says.
pub(super) enum Outcome {
    /// Nothing in the way.
    Passes,
    /// In the way, on these grounds.
    Fails(Inputs),
    /// This trip does not ask it.
    NotAsked,
    /// Nobody can tell.
    NoInput,
}

impl Outcome {
    pub(super) fn fail_if(fails: bool, inputs: impl FnOnce() -> Inputs) -> Self {
        if fails {
            Self::Fails(inputs())
        } else {
            Self::Passes
        }
    }

    /// A plain yes or no that may be unknown.
    fn refuse(known: Option<bool>, refused: bool) -> Self {
        known.map_or(Self::NoInput, |value| {
            Self::fail_if(value == refused, || Inputs::Plain)
        })
    }

    fn asked_if(asked: bool, outcome: impl FnOnce() -> Self) -> Self {
        if asked { outcome() } else { Self::NotAsked }
    }
}

/// Applies every filter, in the order of [`FilterCode::ALL`].
pub fn evaluate(
    facts: &CandidateFacts,
    needs: &TripNeeds,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> Verdict {
    let mut verdict = Verdict::default();
    for &code in FilterCode::ALL {
        match outcome(code, facts, needs, policy, now) {
            Outcome::Fails(inputs) => verdict.failures.push(Failure { code, inputs }),
            Outcome::NoInput => verdict.not_evaluated.push(code),
            Outcome::Passes | Outcome::NotAsked => {}
        }
    }
    verdict
}

/// The first filter that fails on what is known, or nothing. Cheaper than [`evaluate`]: it stops there, and keeps
/// nothing.
pub fn first_failure(
    facts: &CandidateFacts,
    needs: &TripNeeds,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> Option<FilterCode> {
    let fails = |&&code: &&FilterCode| matches!(outcome(code, facts, needs, policy, now), Outcome::Fails(_));
    FilterCode::ALL.iter().find(fails).copied()
}

fn outcome(
    code: FilterCode,
    facts: &CandidateFacts,
    needs: &TripNeeds,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> Outcome {
    let on_demand = needs.mode == DispatchMode::OnDemand;
    match code {
        FilterCode::DriverNotActive => Outcome::refuse(facts.active, false),
        FilterCode::DriverOffline => Outcome::asked_if(on_demand, || Outcome::refuse(facts.online, false)),
        FilterCode::ClassMismatch => class(facts, needs),
        FilterCode::SeatsShort => at_least(facts.seats, Some(needs.passengers)),
        FilterCode::LuggageShort => at_least(facts.bags, needs.bags),
        FilterCode::LicenceExpiresInTrip => licence(facts, needs, policy),
        FilterCode::PoliceCheckExpiresInTrip => driver_paper(facts, DocumentKind::PoliceCheck, needs, policy),
        FilterCode::MedicalExpiresInTrip => driver_paper(facts, DocumentKind::Medical, needs, policy),
        FilterCode::RegistrationExpiresInTrip => {
            vehicle_paper(facts, DocumentKind::Registration, needs, policy)
        }
        FilterCode::FitnessExpiresInTrip => vehicle_paper(facts, DocumentKind::Fitness, needs, policy),
        FilterCode::InsuranceExpiresInTrip => vehicle_paper(facts, DocumentKind::Insurance, needs, policy),
        FilterCode::PucExpiresInTrip => vehicle_paper(facts, DocumentKind::Puc, needs, policy),
        FilterCode::PermitExpiresInTrip => permits::held_throughout(facts, needs, policy),
        FilterCode::PermitNotValidIn => permits::valid_in_every_state(facts, needs),
        FilterCode::AitpHomeStateNotEndpoint => permits::touches_home(facts, needs, policy),
        FilterCode::Aitp60DaysOutside => permits::home_in_time(facts, needs, policy, now),
        FilterCode::ChallanOverdue => at_most(facts.challan_unpaid_days, policy.challan_days),
        FilterCode::UnpaidToll => at_most(facts.unpaid_tolls, 0),
        FilterCode::VehicleTooOld => age(facts, needs, policy),
        FilterCode::VltdSilent => not_older_than(facts.vltd_heard_at, policy.vltd_silence_minutes, now),
        FilterCode::DutyOverlap => overlap(facts),
        FilterCode::RestShort => rest(facts),
        FilterCode::DayHoursExceeded => hours(facts.driver_duty.map(|fit| fit.day)),
        FilterCode::WeekHoursExceeded => hours(facts.driver_duty.map(|fit| fit.week)),
        FilterCode::PickupUnreachable => reach(facts, needs, policy, now),
        FilterCode::HillNotCleared => match needs.hill {
            Some(hill) => Outcome::asked_if(hill, || Outcome::refuse(facts.hill_cleared, false)),
            None => Outcome::NoInput,
        },
        FilterCode::NightOptOut => {
            Outcome::asked_if(needs.night, || Outcome::refuse(facts.drives_at_night, false))
        }
        FilterCode::CashLimit => Outcome::asked_if(needs.cash, || cash(facts, policy)),
        FilterCode::RiderBlocked => Outcome::refuse(facts.blocks_rider, true),
        FilterCode::DriverBlocked => Outcome::refuse(facts.blocked_by_rider, true),
        FilterCode::GenderPreference => needs.driver_gender.map_or(Outcome::NotAsked, |wanted| {
            Outcome::refuse(facts.gender.map(|gender| gender == wanted), false)
        }),
        FilterCode::Sanction => Outcome::refuse(facts.sanctioned, true),
        FilterCode::OfferDeclinedBefore => Outcome::refuse(facts.declined_before, true),
        // Where a driver is now says nothing about a pickup tomorrow.
        FilterCode::StaleFix => Outcome::asked_if(on_demand, || {
            not_older_than(facts.fix_at, policy.fix_minutes, now)
        }),
    }
}

fn class(facts: &CandidateFacts, needs: &TripNeeds) -> Outcome {
    facts.class.map_or(Outcome::NoInput, |actual| {
        Outcome::fail_if(!needs.classes.contains(&actual), || Inputs::Class {
            wanted: needs.classes.clone(),
            actual,
        })
    })
}

fn at_least(has: Option<u8>, wanted: Option<u8>) -> Outcome {
    let (Some(has), Some(wanted)) = (has, wanted) else {
        return Outcome::NoInput;
    };
    Outcome::fail_if(has < wanted, || Inputs::Count {
        limit: wanted.into(),
        actual: has.into(),
    })
}

fn at_most(value: Option<u32>, limit: u32) -> Outcome {
    value.map_or(Outcome::NoInput, |actual| {
        Outcome::fail_if(actual > limit, || Inputs::Count { limit, actual })
    })
}

fn not_older_than(at: Option<Timestamp>, minutes: u32, now: Timestamp) -> Outcome {
    let oldest = now
        .checked_sub(SignedDuration::from_mins(minutes.into()))
        .unwrap_or(Timestamp::MIN);
    at.map_or(Outcome::NoInput, |actual| {
        Outcome::fail_if(actual < oldest, || Inputs::Late {
            limit: oldest,
            actual,
        })
    })
}

/// The licence everywhere; the badge where there is one on file, because only some states ask for it.
fn licence(facts: &CandidateFacts, needs: &TripNeeds, policy: &DispatchPolicy) -> Outcome {
    let Some(papers) = facts.driver_documents.as_deref() else {
        return Outcome::NoInput;
    };
    let badge_on_file = papers.iter().any(|paper| paper.kind() == DocumentKind::PsvBadge);
    match paper(papers, DocumentKind::DrivingLicence, needs, policy) {
        Outcome::Passes if badge_on_file => paper(papers, DocumentKind::PsvBadge, needs, policy),
        other => other,
    }
}

fn driver_paper(
    facts: &CandidateFacts,
    kind: DocumentKind,
    needs: &TripNeeds,
    policy: &DispatchPolicy,
) -> Outcome {
    facts
        .driver_documents
        .as_deref()
        .map_or(Outcome::NoInput, |papers| paper(papers, kind, needs, policy))
}

fn vehicle_paper(
    facts: &CandidateFacts,
    kind: DocumentKind,
    needs: &TripNeeds,
    policy: &DispatchPolicy,
) -> Outcome {
    facts
        .vehicle_documents
        .as_deref()
        .map_or(Outcome::NoInput, |papers| paper(papers, kind, needs, policy))
}

fn paper(papers: &[Document], kind: DocumentKind, needs: &TripNeeds, policy: &DispatchPolicy) -> Outcome {
    let needed_until = policy.documents.needed_until(needs.planned_end);
    let of_kind = papers.iter().filter(|paper| paper.kind() == kind);
    first_gap(of_kind, needs.pickup_at, needed_until).map_or(Outcome::Passes, |lapses_at| {
        Outcome::Fails(Inputs::Document {
            kind,
            lapses_at,
            needed_until,
        })
    })
}

/// The first row of the policy that the vehicle is beyond before the trip ends. A row for one fuel counts as
/// unknown for a vehicle whose fuel is.
fn age(facts: &CandidateFacts, needs: &TripNeeds, policy: &DispatchPolicy) -> Outcome {
    let Some(registered) = facts.first_registered else {
        return Outcome::NoInput;
    };
    if needs.states.is_empty() {
        return Outcome::NoInput;
    }
    let mut fuel_matters = false;
    for limit in &policy.age_limits {
        let concerned = |state: &&StateCode| limit.state.is_none_or(|only| only == **state);
        let Some(&state) = needs.states.iter().find(concerned) else {
            continue;
        };
        let years = jiff::Span::new().years(i64::from(limit.years));
        let reached_at = registered.checked_add(years).map_or(Timestamp::MAX, midnight);
        if reached_at >= needs.planned_end {
            continue;
        }
        match (limit.fuel, facts.fuel) {
            (Some(_), None) => fuel_matters = true,
            (Some(only), Some(fuel)) if only != fuel => {}
            _ => {
                return Outcome::Fails(Inputs::Age {
                    state,
                    limit_years: limit.years,
                    reached_at,
                });
            }
        }
    }
    if fuel_matters {
        Outcome::NoInput
    } else {
        Outcome::Passes
    }
}

/// The driver's calendar or the vehicle's. One that is known to be taken is enough; both must be known free.
fn overlap(facts: &CandidateFacts) -> Outcome {
    let driver = facts.driver_duty.map(|fit| fit.overlap);
    let vehicle = facts.vehicle_duty.map(|fit| fit.overlap);
    match (driver, vehicle) {
        (Some(Some(overlap)), _) => Outcome::Fails(Inputs::DriverTaken { overlap }),
        (_, Some(Some(overlap))) => Outcome::Fails(Inputs::VehicleTaken { overlap }),
        (Some(None), Some(None)) => Outcome::Passes,
        _ => Outcome::NoInput,
    }
}

fn rest(facts: &CandidateFacts) -> Outcome {
    let Some(fit) = facts.driver_duty else {
        return Outcome::NoInput;
    };
    match (hours(Some(fit.rest)), fit.free_day) {
        (Outcome::Fails(inputs), _) => Outcome::Fails(inputs),
        (_, HoursCheck::Broken { actual, limit }) => Outcome::Fails(Inputs::FreeDay { limit, actual }),
        (Outcome::NoInput, _) | (_, HoursCheck::NoInput) => Outcome::NoInput,
        _ => Outcome::Passes,
    }
}

fn hours(check: Option<HoursCheck>) -> Outcome {
    match check {
        Some(HoursCheck::Kept) => Outcome::Passes,
        Some(HoursCheck::Broken { actual, limit }) => Outcome::Fails(Inputs::Count { limit, actual }),
        Some(HoursCheck::NoInput) | None => Outcome::NoInput,
    }
}

fn reach(facts: &CandidateFacts, needs: &TripNeeds, policy: &DispatchPolicy, now: Timestamp) -> Outcome {
    let Some(seconds) = facts.pickup_seconds else {
        return Outcome::NoInput;
    };
    let later = |at: Timestamp, by| at.checked_add(by).unwrap_or(Timestamp::MAX);
    let limit = later(
        needs.pickup_at,
        SignedDuration::from_mins(policy.pickup_tolerance_minutes.into()),
    );
    let actual = later(now, SignedDuration::from_secs(seconds.into()));
    Outcome::fail_if(actual > limit, || Inputs::Late { limit, actual })
}

fn cash(facts: &CandidateFacts, policy: &DispatchPolicy) -> Outcome {
    let Some(actual) = facts
        .balance
        .filter(|balance| balance.currency == policy.cash_limit.currency)
    else {
        return Outcome::NoInput;
    };
    let limit = policy.cash_limit;
    Outcome::fail_if(actual.amount <= limit.amount, || Inputs::Amount { limit, actual })
}

#[cfg(test)]
#[path = "filters_tests.rs"]
mod tests;
